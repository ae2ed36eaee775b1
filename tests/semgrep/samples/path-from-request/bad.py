from flask import request, send_file


def download():
    # ruleid: path-from-request
    return send_file("reports/" + request.args["name"])


def read():
    name = request.args.get("name")
    # ruleid: path-from-request
    with open(f"reports/{name}") as file:
        return file.read()

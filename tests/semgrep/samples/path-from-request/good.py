from pathlib import Path

from flask import request, send_file
from werkzeug.utils import secure_filename


def download():
    name = secure_filename(request.args["name"])
    # ok: path-from-request
    return send_file("reports/" + name)


def read(folder: Path):
    path = (folder / request.args["name"]).resolve()
    if not path.is_relative_to(folder):
        raise ValueError("outside the folder")
    # ok: path-from-request
    return open(path)


def plain():
    # ok: path-from-request
    return open("reports/index.txt")

import os
import subprocess


def pack(name):
    # ok: shell-command-from-values
    subprocess.run(["tar", "czf", "out.tgz", "--", name], check=True)
    # ok: shell-command-from-values
    subprocess.run("tar czf out.tgz docs", shell=True, check=True)
    # ok: shell-command-from-values
    os.system("clear")

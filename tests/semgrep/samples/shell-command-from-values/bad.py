import os
import subprocess


def pack(name):
    # ruleid: shell-command-from-values
    subprocess.run(f"tar czf out.tgz {name}", shell=True, check=True)
    # ruleid: shell-command-from-values
    os.system("rm " + name)

import yaml


def read(text):
    # ok: yaml-load-unsafe
    first = yaml.load(text, Loader=yaml.CSafeLoader)
    # ok: yaml-load-unsafe
    return first, yaml.safe_load(text)

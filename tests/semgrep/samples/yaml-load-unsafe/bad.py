import yaml


def read(text):
    # ruleid: yaml-load-unsafe
    first = yaml.load(text, Loader=yaml.Loader)
    # ruleid: yaml-load-unsafe
    return first, yaml.unsafe_load(text)

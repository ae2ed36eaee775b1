import json
import pickle


def read(cache, name, value):
    # ok: pickle-of-foreign-data
    copy = pickle.loads(pickle.dumps(value))
    # ok: pickle-of-foreign-data
    return copy, json.loads(cache.get(name))

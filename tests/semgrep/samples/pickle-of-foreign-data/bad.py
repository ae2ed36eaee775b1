import pickle


def read(cache, name):
    # ruleid: pickle-of-foreign-data
    return pickle.loads(cache.get(name))

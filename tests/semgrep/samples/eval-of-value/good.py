import ast


def answer(text, model):
    # ok: eval-of-value
    value = ast.literal_eval(text)
    # ok: eval-of-value
    model.eval()
    # ok: eval-of-value
    return value, eval("1 + 1")

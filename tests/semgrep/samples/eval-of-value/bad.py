def answer(text):
    # ruleid: eval-of-value
    value = eval(text)
    # ruleid: eval-of-value
    exec(compile(text, "answer", "exec"))
    return value

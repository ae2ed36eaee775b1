import re

TABLE = "orders"


def find(cursor, names, runner):
    # ok: sql-from-values
    cursor.execute("SELECT * FROM orders WHERE name = %s", (names[0],))
    # ok: sql-from-values
    cursor.execute(f"SELECT * FROM {TABLE} WHERE name = %s", (names[0],))
    placeholders = ",".join("%s" for _ in names)
    # ok: sql-from-values
    cursor.execute(f"SELECT * FROM orders WHERE name IN ({placeholders})", names)
    # ok: sql-from-values
    runner.execute(f"step {names[0]}")


def drop(cursor, names):
    for name in names:
        if not re.fullmatch(r"orders_[a-z0-9]+", name):
            raise ValueError(name)
        # ok: sql-from-values
        cursor.execute(f"DROP TABLE {name}")

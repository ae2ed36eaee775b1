import re


def find(cursor, name):
    # ruleid: sql-from-values
    cursor.execute(f"SELECT * FROM orders WHERE name = '{name}'")
    # ruleid: sql-from-values
    cursor.execute("DELETE FROM orders WHERE name = '%s'" % name)
    # ruleid: sql-from-values
    cursor.execute("SELECT 1 FROM orders WHERE name = " + name)
    query = f"UPDATE orders SET open = 1 WHERE name = '{name}'"
    # ruleid: sql-from-values
    cursor.execute(query)


def drop(cursor, name, other):
    if not re.fullmatch(r"orders_[a-z0-9]+", other):
        raise ValueError(other)
    # ruleid: sql-from-values
    cursor.execute(f"DROP TABLE {name}")

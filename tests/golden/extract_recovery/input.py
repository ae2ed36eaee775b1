"""A file that no Python 3 parses, since it was written for Python 2."""
import os
from shop.cart import Cart as Basket
LIMIT = 5


class Till(object):
    def pay(self, amount):
        print "paid", amount
        return Basket(amount).total


def test_pay():
    assert Till().pay(3) == LIMIT

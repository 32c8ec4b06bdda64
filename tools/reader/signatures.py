"""Checks signatures of the overlay with nothing but Python's own library: slow, and plain enough to be read.

Written from docs/keys.md alone. Nothing here is safe for making signatures, which nobody needs it for.
"""

import functools
import hashlib

# Ed25519: points are (x, y) with both modulo P, on -x² + y² = 1 + D·x²·y², in extended coordinates (X, Y, Z, T).
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)

# The older curves: number of the OID, bytes of a coordinate, exponents of the field's polynomial, a, n, x and y of G.
CURVES = [
    (1, 21, (163, 7, 6, 3, 0), 1, 0x4000000000000000000020108a2e0cc0d99f8a5ef,
     0x2fe13c0537bbc11acaa07d793de4e6d5e5c94eee8, 0x289070fb05d38ff58321f2e800536d538ccdaa3d9),
    (26, 30, (233, 74, 0), 0, 0x8000000000000000000000000000069d5bb915bcd46efb1ad5f173abdf,
     0x17232ba853a7e731af129f22ff4149563a419c26bf50a4c9d6eefad6126,
     0x1db537dece819b7f70f555a67c427a8cd9bf18aeb9b56e0c11056fae6a3),
    (36, 52, (409, 87, 0), 0,
     0x7ffffffffffffffffffffffffffffffffffffffffffffffffffe5f83b2d4ea20400ec4557d5ed3e3e7ca5b4b5c83b8e01e5fcf,
     0x60f05f658f49c1ad3ab1890f7184210efd0987e307c84c27accfb8f9f67cc2c460189eb5aaaa62ee222eb1b35540cfe9023746,
     0x1e369050b7c4e42acba1dacbf04299c3460782f918ea427e6325165e9ea10e3da5f6c42e9c55215aa9ca27a5863ec48d8e0286b),
    (38, 72, (571, 10, 5, 2, 0), 0,
     int("20000000000000000000000000000000000000000000000000000000000000000000000131850e1f19a63e4b391a8db9"
         "17f4138b630d84be5d639381e91deb45cfe778f637c1001", 16),
     int("26eb7a859923fbc82189631f8103fe4ac9ca2970012d5d46024804801841ca44370958493b205e647da304db4ceb08cb"
         "bd1ba39494776fb988b47174dca88c7e2945283a01c8972", 16),
     int("349dc807f4fbf374f4aeade3bca95314dd58cec9f307a54ffc61efc006d8a2c9d4979c0ac44aea74fbebbb9f772aedcb"
         "620b01a7ba7af1b320430c8591984f601cd4c143ef1c7a3", 16)),
]


def is_valid(public_key, signature, message):
    """Whether a signature of a message by a binary public key of any level is valid."""
    if public_key.startswith(b"LibNaCLPK:") and len(public_key) == 74:
        return len(signature) == 64 and is_valid_ed25519(public_key[42:], signature, message)
    for arc, size, *rest in CURVES:
        head = der_head(arc, size)
        if public_key.startswith(head) and len(public_key) == len(head) + 2 * size == len(head) + len(signature):
            curve = BinaryCurve(*rest)
            point = integers(public_key[len(head):], size)
            return curve.holds(point) and curve.is_valid(point, integers(signature, size), message)
    return False


def integers(content, size):
    """Two integers, one after the other."""
    return int.from_bytes(content[:size], "big"), int.from_bytes(content[size:], "big")


def der_head(arc, size):
    """What a public key of one of the older levels begins with."""
    def sized(kind, content):
        length = bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)])
        return bytes([kind]) + length + content
    algorithm = bytes.fromhex("301006072a8648ce3d020106052b810400") + bytes([arc])
    return sized(0x30, algorithm + sized(0x03, b"\0\4" + bytes(2 * size)))[:-2 * size]


# Ed25519, as RFC 8032 has it.

def is_valid_ed25519(key, signature, message):
    """Whether S·B = R + H(R, A, M)·A."""
    a, r, s = point_of(key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or equal(multiply(8, a), NEUTRAL):
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    return equal(multiply(s, BASE), add(r, multiply(h, a)))


def point_of(content):
    """The point that 32 bytes stand for; `None` if they are not its one encoding."""
    y = int.from_bytes(content, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def add(left, right):
    """The sum of two points."""
    a = (left[1] - left[0]) * (right[1] - right[0]) % P
    b = (left[1] + left[0]) * (right[1] + right[0]) % P
    c = 2 * left[3] * right[3] * D % P
    d = 2 * left[2] * right[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(count, point):
    """So many times a point."""
    result = NEUTRAL
    while count:
        if count & 1:
            result = add(result, point)
        point, count = add(point, point), count >> 1
    return result


def equal(left, right):
    """Whether two points are the same."""
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


NEUTRAL = (0, 1, 1, 0)
BASE = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


# ECDSA over y² + xy = x³ + ax² + 1, where elements of the field are integers whose bits are coefficients.

class BinaryCurve:
    """One of the older curves. Points are (x, y), or `None` for the neutral one."""

    def __init__(self, exponents, a, n, x, y):
        self.polynomial, self.degree = functools.reduce(lambda sum, bit: sum ^ 1 << bit, exponents, 0), exponents[0]
        self.a, self.n, self.base = a, n, (x, y)

    def is_valid(self, point, signature, message):
        """Whether the point's signature of a message is valid."""
        r, s = signature
        if not (0 < r < self.n and 0 < s < self.n):
            return False
        z, w = int.from_bytes(hashlib.sha1(message).digest(), "big"), pow(s, -1, self.n)
        found = self.sum(self.times(z * w % self.n, self.base), self.times(r * w % self.n, point))
        return found is not None and found[0] % self.n == r

    def holds(self, point):
        """Whether a point is on the curve, and of its order."""
        x, y = point
        if max(x, y) >> self.degree:
            return False
        square = self.product(x, x)
        is_on_it = self.product(y, y) ^ self.product(x, y) == self.product(square, x ^ self.a) ^ 1
        return is_on_it and self.times(self.n, point) is None

    def product(self, left, right):
        """The product of two elements."""
        result = 0
        while right:
            if right & 1:
                result ^= left
            left, right = left << 1, right >> 1
            if left >> self.degree:
                left ^= self.polynomial
        return result

    def inverse(self, element):
        """What an element times is 1, by Euclid's algorithm."""
        u, v, g, h = element, self.polynomial, 1, 0
        while u != 1:
            shift = u.bit_length() - v.bit_length()
            if shift < 0:
                u, v, g, h, shift = v, u, h, g, -shift
            u, g = u ^ v << shift, g ^ h << shift
        return g

    def sum(self, left, right):
        """The sum of two points."""
        if left is None or right is None:
            return left or right
        (x, y), (x2, y2) = left, right
        if x == x2:
            if y != y2 or x == 0:
                return None
            slope = x ^ self.product(y, self.inverse(x))
            x3 = self.product(slope, slope) ^ slope ^ self.a
            return x3, self.product(x, x) ^ self.product(slope ^ 1, x3)
        slope = self.product(y ^ y2, self.inverse(x ^ x2))
        x3 = self.product(slope, slope) ^ slope ^ x ^ x2 ^ self.a
        return x3, self.product(slope, x ^ x3) ^ x3 ^ y

    def times(self, count, point):
        """So many times a point."""
        result = None
        while count:
            if count & 1:
                result = self.sum(result, point)
            point, count = self.sum(point, point), count >> 1
        return result

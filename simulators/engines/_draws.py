"""Random numbers that both engines share: each draw is a pure function of where it is used, not of when.

A draw is named by a *stream* (seed, source, purpose) and a *key* (which request, which try). Any engine that needs the
service time of request 17 at station "model" gets the same number, whatever else happened before: so two engines can be
compared request by request, and two plans that share a station are compared on common random numbers.

The generator is splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014) used
counter-based: draw(stream, key) is the key-th output of the splitmix64 sequence that starts at `stream`.

The functions run as plain Python and are compiled as they stand by the compiled engine. There all integers are 64-bit
words and the masks do nothing. Every word constant is above 2^63, so that the compiler takes it for unsigned, and words
are never added to or multiplied with signed integers.
"""

import math

MASK = 0xFFFFFFFFFFFFFFFF
_GOLDEN = 0x9E3779B97F4A7C15
_MULTIPLY_1 = 0xBF58476D1CE4E5B9
_MULTIPLY_2 = 0x94D049BB133111EB
_FNV_PRIME = 0x100000001B3
_FNV_OFFSET = 0xCBF29CE484222325
_OTHER = 0xD1B54A32D192ED03


def mix64(word: int) -> int:
    """The finaliser of splitmix64: every bit of the result depends on every bit of the word."""
    word = ((word ^ (word >> 30)) * _MULTIPLY_1) & MASK
    word = ((word ^ (word >> 27)) * _MULTIPLY_2) & MASK
    return word ^ (word >> 31)


def uniform(stream: int, key: int) -> float:
    """A number strictly between 0 and 1, with 53 random bits."""
    return ((mix64((stream + key * _GOLDEN) & MASK) >> 11) + 0.5) * 1.1102230246251565e-16


def pick(stream: int, key: int, count: int) -> int:
    """One of `count` equally likely numbers from 0 on (to within count · 2^-32); larger draws give larger ones."""
    return ((mix64((stream + key * _GOLDEN) & MASK) >> 32) * count) >> 32


def further_key(key: int, index: int) -> int:
    """The key of the index-th further draw or try under `key`; unrelated to all other keys."""
    return mix64(((key ^ _OTHER) + index * _GOLDEN + _GOLDEN) & MASK)


def stream_of(seed: int, source: str, purpose: str, occurrence: int = 0) -> int:
    """The stream of one source of randomness.

    `occurrence` tells the first visit to a station in the tree of calls from the second. (Plain Python only.)
    """
    word = _FNV_OFFSET
    for byte in f"{source}/{purpose}/{occurrence}".encode():
        word = ((word ^ byte) * _FNV_PRIME) & MASK
    return mix64(mix64((seed * _GOLDEN) & MASK) ^ word)


def normal_quantile(p: float) -> float:
    """Inverse of the standard normal distribution, relative error about 1e-16.

    Source: Wichura, "Algorithm AS 241", Applied Statistics 37 (1988), PPND16.
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        up = ((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
            + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
            + 133.14166789178437745) * r + 3.387132872796366608  # fmt: skip
        down = ((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
            + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
            + 42.313330701600911252) * r + 1.0  # fmt: skip
        return q * up / down
    r = math.sqrt(-math.log(p if q < 0 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        up = ((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
            + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
            + 4.6303378461565452959) * r + 1.42343711074968357734  # fmt: skip
        down = ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
            + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
            + 2.05319162663775882187) * r + 1.0  # fmt: skip
    else:
        r -= 5.0
        up = ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
            + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
            + 5.4637849111641143699) * r + 6.6579046435011037772  # fmt: skip
        down = ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
            + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
            + 0.59983220655588793769) * r + 1.0  # fmt: skip
    return -up / down if q < 0 else up / down


def exponential(u: float, mean: float) -> float:
    """Inversion: -mean · ln(1 - u)."""
    return -mean * math.log1p(-u)


def lognormal(u: float, mu: float, sigma: float) -> float:
    """Inversion; mu and sigma are mean and standard deviation of the logarithm."""
    return math.exp(mu + sigma * normal_quantile(u))


def gamma(stream: int, key: int, shape: float, scale: float) -> float:
    """Rejection with a few further draws under the key.

    Source: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000); a shape below 1
    by their boost U^(1/shape).
    """
    boost = 1.0
    a = shape
    if shape < 1.0:
        boost = uniform(stream, key) ** (1.0 / shape)
        a = shape + 1.0
    d = a - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    further = mix64(key ^ _OTHER)
    while True:
        x = normal_quantile(uniform(stream, further))
        root = 1.0 + c * x
        v = root * root * root
        further = (further + _GOLDEN) & MASK
        if v > 0.0:
            u = uniform(stream, further)
            further = (further + _GOLDEN) & MASK
            if math.log(u) < 0.5 * x * x + d - d * v + d * math.log(v):
                return boost * d * v * scale

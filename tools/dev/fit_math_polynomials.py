#!/usr/bin/env python3
"""Fits the polynomials of lib/Target/Common/ExpandMath*.cpp (Remez exchange).

Prints, for every entry of FITS, the coefficients from the lowest power up and
the largest weighted error before the coefficients are rounded.

Usage: fit_math_polynomials.py [name ...]          (needs mpmath)
"""
import sys

from mpmath import (acos, asin, atan, cos, erf, erfc, exp, expm1, log, log1p,
                    lu_solve, matrix, mp, mpf, nstr, pi, sin, sqrt, tanh)

mp.dps = 60


def remez(target, weight, low, high, degree, rounds=12):
    """The polynomial that minimises max |weight * (p - target)| on an
    interval; returns (coefficients, error)."""
    low, high = mpf(low), mpf(high)
    raw_weight = weight
    weight = lambda x: max(abs(raw_weight(x)), mpf(10)**-12)
    count = degree + 2
    points = [(low + high) / 2 - (high - low) / 2 * cos(pi * i / (count - 1))
              for i in range(count)]
    grid = [(low + high) / 2 - (high - low) / 2 * cos(pi * i / (30 * count))
            for i in range(30 * count + 1)]
    samples = [(x, target(x), weight(x)) for x in grid]
    coefficients = []
    for _ in range(rounds):
        rows = matrix(count, count)
        right = matrix(count, 1)
        for i, x in enumerate(points):
            for power in range(degree + 1):
                rows[i, power] = x**power
            rows[i, degree + 1] = (-1)**i / weight(x)
            right[i] = target(x)
        solution = lu_solve(rows, right)
        coefficients = [solution[i] for i in range(degree + 1)]

        def error(sample):
            value = mpf(0)
            for c in reversed(coefficients):
                value = value * sample[0] + c
            return (value - sample[1]) * sample[2]

        errors = [error(s) for s in samples]
        # One extremum for every run of equal signs.
        extrema = []
        for (x, _, _), e in zip(samples, errors):
            if extrema and (extrema[-1][1] > 0) == (e > 0):
                if abs(e) > abs(extrema[-1][1]):
                    extrema[-1] = (x, e)
            else:
                extrema.append((x, e))
        while len(extrema) > count:
            extrema.pop(0 if abs(extrema[0][1]) < abs(extrema[-1][1]) else -1)
        largest = max(abs(e) for e in errors)
        if len(extrema) < count:
            break
        points = [x for x, _ in extrema]
        if largest < 1.001 * min(abs(e) for _, e in extrema):
            break
    return coefficients, largest


def series(function, *terms):
    """`function`, except close to 0, where the Taylor terms stand in."""

    def value(x):
        if abs(x) > mpf(10)**-8:
            return function(x)
        result = mpf(0)
        for term in reversed(terms):
            result = result * x + mpf(term)
        return result

    return value


THIRD = mpf(1) / 3
# (e^r - 1 - r) / r^2, log1p without its first terms, and so on.
expq = series(lambda r: (expm1(r) - r) / r**2, 0.5, mpf(1) / 6, mpf(1) / 24)
exp2q = series(lambda r: (2**r - 1) / r, log(2), log(2)**2 / 2, log(2)**3 / 6)
logp = series(lambda f: (log1p(f) - f + f * f / 2) / f**3, THIRD, -0.25, 0.2)
sinp = series(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 6,
              mpf(1) / 120)
cosp = series(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, mpf(1) / 24,
              -mpf(1) / 720)
atanp = series(lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z, -THIRD, 0.2)
asinp = series(lambda z: (asin(sqrt(z)) / sqrt(z) - 1) / z, mpf(1) / 6,
               mpf(3) / 40)
erfp = series(lambda z: erf(sqrt(z)) / sqrt(z), 2 / sqrt(pi),
              -2 / (3 * sqrt(pi)), 1 / (5 * sqrt(pi)))
sinhp = series(lambda z: ((exp(sqrt(z)) - exp(-sqrt(z))) / 2 / sqrt(z) - 1) / z,
               mpf(1) / 6, mpf(1) / 120)

tanhp = series(lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z, -THIRD,
               mpf(2) / 15)

HALF_LN2 = mpf('0.34660')
SQRT_HALF, SQRT_TWO = mpf('0.7070'), mpf('1.4144')
QUARTER_PI2 = mpf('0.6170')  # (pi/4)^2


def expWeight(r):
    return r * r / expm1(r) if r else 0


def logWeight(f):
    return f**3 / log1p(f) if f else 0


FITS = {}


def fit(name, *arguments):
    FITS[name] = arguments


for suffix, degree in (('F32', 4), ('F32In64', 6), ('F64', 11)):
    fit('exp' + suffix, expq, expWeight, -HALF_LN2, HALF_LN2, degree)
for suffix, degree in (('F32', 5), ('F32In64', 7), ('F64', 12)):
    fit('exp2' + suffix, exp2q, lambda r: r / 2**r,
        mpf('-0.50001'), mpf('0.50001'), degree)
for suffix, degree in (('F32', 7), ('F32In64', 11), ('F64', 20)):
    fit('log' + suffix, logp, logWeight, SQRT_HALF - 1, SQRT_TWO - 1, degree)
for suffix, degree in (('F32', 3), ('F32In64', 5)):
    fit('sin' + suffix, sinp, lambda z: z * sqrt(z) / sin(sqrt(z)) if z else 0, 0, QUARTER_PI2, degree)
for suffix, degree in (('F32', 2), ('F32In64', 4)):
    fit('cos' + suffix, cosp, lambda z: z * z / cos(sqrt(z)), 0,
        QUARTER_PI2, degree)
fit('atanF32', atanp, lambda z: z * sqrt(z) / atan(sqrt(z)) if z else 0, 0, 1, 8)
fit('asinF32', asinp, lambda z: z * sqrt(z) / asin(sqrt(z)) if z else 0, 0, mpf('0.25'), 4)
fit('tanhF32', tanhp, lambda z: z * sqrt(z) / tanh(sqrt(z)) if z else 0, 0,
    mpf('0.3025'), 4)
fit('sinhF32', sinhp, lambda z: z, 0, 1, 2)
# erf(x)/x - 1 in x^2; erf in x - 2.53125; erfc(x) e^(x^2) in t = (x-3)/(x+3).
fit('erfNearF32', lambda z: erfp(z) - 1, lambda z: 1 / erfp(z), 0,
    mpf('1.21'), 6)
fit('erfFarF32', lambda u: erf(u + mpf('2.53125')),
    lambda u: 1 / erf(u + mpf('2.53125')), mpf('-1.43125'), mpf('1.41875'), 13)


def erfcScaled(t):
    x = 3 * (1 + t) / (1 - t)
    return erfc(x) * exp(x * x)


fit('erfcF32In64', erfcScaled, lambda t: 1 / erfcScaled(t), -1,
    mpf('7.2') / mpf('13.2'), 11)

if __name__ == '__main__':
    for name, arguments in FITS.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        coefficients, error = remez(*arguments)
        print(f'{name}: error {nstr(error, 4)} = 2^{nstr(log(error, 2), 4)}')
        digits = 20 if name.endswith('64') else 12
        for c in coefficients:
            print('   ', nstr(c, digits) + ',')

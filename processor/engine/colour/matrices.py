"""The matrices between colour spaces."""

from collections.abc import Sequence

from processor.engine.colour.spaces import SRGB_PRIMARIES, Chromaticity, Primaries

Vector = Sequence[float]
Matrix = list[list[float]]

_D50_XYZ = (0.9642, 1.0, 0.8249)
_BRADFORD: Matrix = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]


def to_xyz_d50(primaries: Primaries) -> Matrix:
    """Return the matrix from light in *primaries* to XYZ, adapted to D50 by Bradford."""
    cones = _apply(_BRADFORD, _xyz_of(primaries.white))
    wanted = _apply(_BRADFORD, _D50_XYZ)
    scale = [[wanted[row] / cones[row] if row == column else 0.0 for column in range(3)] for row in range(3)]
    adapt = multiply(invert(_BRADFORD), multiply(scale, _BRADFORD))
    return multiply(adapt, _to_xyz(primaries))


def to_srgb(primaries: Primaries) -> Matrix:
    """Return the matrix from light in *primaries* to light in sRGB's."""
    return multiply(invert(to_xyz_d50(SRGB_PRIMARIES)), to_xyz_d50(primaries))


def _to_xyz(primaries: Primaries) -> Matrix:
    corners = [_xyz_of(corner) for corner in (primaries.red, primaries.green, primaries.blue)]
    columns = [[corner[row] for corner in corners] for row in range(3)]
    amounts = _apply(invert(columns), _xyz_of(primaries.white))
    return [[value * amount for value, amount in zip(row, amounts, strict=True)] for row in columns]


def _xyz_of(chromaticity: Chromaticity) -> Vector:
    x, y = chromaticity
    return (x / y, 1.0, (1 - x - y) / y) if y else (x, 0.0, 1 - x)


def multiply(left: Matrix, right: Matrix) -> Matrix:
    """Return the product of two matrices."""
    return [[sum(left[row][k] * right[k][column] for k in range(3)) for column in range(3)] for row in range(3)]


def invert(matrix: Matrix) -> Matrix:
    """Return the inverse; raise `ZeroDivisionError` where there is none."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    cofactors = [
        [e * i - f * h, c * h - b * i, b * f - c * e],
        [f * g - d * i, a * i - c * g, c * d - a * f],
        [d * h - e * g, b * g - a * h, a * e - b * d],
    ]
    determinant = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0]
    return [[value / determinant for value in row] for row in cofactors]


def _apply(matrix: Matrix, vector: Vector) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]

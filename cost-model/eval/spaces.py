"""What competes with what, and what must not be on both sides of a split.

A space: the measured schedules of one problem on one number of threads, all schedule
families together (a convolution done directly, with lanes along the filters, or by
transforms). Regret is measured within a space only. A unit: shapes that share a
problem; training and test never share one.
"""

import dataclasses

import numpy as np
import problems
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def number(values):
    """A number per distinct value."""
    return np.unique(values, return_inverse=True)[1]


def units_of(table):
    """A number per kernel, equal for shapes that are linked by a problem they share."""
    shapes, texts = number(table.shape), number(table.problem)
    nodes = shapes.max() + texts.max() + 2
    links = coo_matrix((np.ones(len(shapes)), (shapes, shapes.max() + 1 + texts)), (nodes, nodes))
    return connected_components(links, directed=False)[1][shapes]


@dataclasses.dataclass
class Spaces:
    """The table seen as spaces. Rows are numbers of kernels."""

    rows: list  # per space, its kernels
    kind: np.ndarray  # per space, of its problem
    threads: np.ndarray  # per space
    unit: np.ndarray  # per space
    odd: np.ndarray  # per space: problems.is_odd

    def __len__(self):
        return len(self.rows)

    def where(self, mask):
        """Those of `mask`, one truth value per space."""
        return Spaces([rows for rows, keep in zip(self.rows, mask, strict=True) if keep],
                      self.kind[mask], self.threads[mask], self.unit[mask], self.odd[mask])

    def among(self, rows):
        """Those of the kernels `rows`; splits never cut a space."""
        return self.where(np.isin([space[0] for space in self.rows], rows))


def spaces_of(table):
    """All spaces of the table in which there is something to choose."""
    order = np.argsort(table.task, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(table.task[order])) + 1)
    groups = [rows for rows in groups if len(rows) > 1]
    first = np.array([rows[0] for rows in groups], int)
    texts = table.problem[first]
    return Spaces(groups, np.array([problems.kind(text) for text in texts]),
                  table.threads[first], units_of(table)[first],
                  np.array([problems.is_odd(text) for text in texts], bool))

from __future__ import annotations

from ergate.display.layout import fitted


def test_where_everything_fits_it_is_airy() -> None:
    layout = fitted([2, 1, 0, 0], boxed_header=5, height=24)
    assert [layout.is_boxed, layout.gap, layout.rows] == [True, 1, (2, 1, 0, 0)]


def test_the_box_goes_before_the_blank_lines() -> None:
    layout = fitted([4, 2, 0, 2], boxed_header=6, height=23)
    assert [layout.is_boxed, layout.gap, layout.rows] == [False, 1, (4, 2, 0, 2)]


def test_blank_lines_go_before_rows() -> None:
    layout = fitted([4, 2, 1, 5], boxed_header=6, height=24)
    assert [layout.is_boxed, layout.gap, layout.rows] == [False, 0, (4, 2, 1, 5)]


def test_the_longest_table_gives_rows_first() -> None:
    assert fitted([8, 2, 0, 5], boxed_header=6, height=20).rows == (4, 2, 0, 5)


def test_a_long_table_gives_rows_for_the_sake_of_air() -> None:
    layout = fitted([100, 1, 0, 0], boxed_header=5, height=40)
    assert [layout.is_boxed, layout.gap, layout.rows[0]] == [True, 1, 25]

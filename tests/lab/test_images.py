import doctest

import numpy as np
import pytest

from autograder.lab import augmentation, images, regression


def test_the_examples_in_the_docstrings():
    result = doctest.testmod(images)
    assert result.attempted > 0
    assert result.failed == 0


def test_the_photographs_are_two_pictures_in_colour():
    both = images.photographs(8)
    assert both.shape == (2, 3, 53, 80)
    assert both.dtype == np.uint8
    temple, flower = both
    assert temple[2].mean() > flower[2].mean()  # a wide sky, and dark leaves


def test_look_up_gives_a_pixel_at_a_pixel_and_0_outside():
    picture = np.arange(1.0, 13.0).reshape(3, 4)
    rows, columns = np.mgrid[:3, :4].astype(float)
    assert np.array_equal(images.look_up(picture, columns, rows), picture)
    assert np.all(images.look_up(picture, columns + 9, rows) == 0)
    assert images.look_up(picture, np.array([[2.25]]), np.array([[1.0]])) == pytest.approx(7.25)


def test_look_up_takes_other_places_for_every_picture():
    pictures = np.arange(24.0).reshape(2, 3, 4)
    rows, columns = np.mgrid[:3, :4]
    moved = images.look_up(pictures, np.stack([columns, columns + 1]), np.stack([rows, rows]))
    assert np.array_equal(moved[0], pictures[0])
    assert np.array_equal(moved[1, :, :3], pictures[1, :, 1:])


def test_a_quarter_turn_is_counter_clockwise_as_you_look_at_it():
    picture = np.arange(9.0).reshape(1, 3, 3)
    assert np.allclose(images.turn(picture, 90), np.rot90(picture, axes=(1, 2)), atol=1e-9)
    both = images.turn(np.concatenate([picture, picture]), np.array([0.0, 180.0]))
    assert np.allclose(both[1], both[0, ::-1, ::-1], atol=1e-9)


def test_warp_moves_what_was_at_a_point_to_where_the_matrix_sends_it():
    picture = np.zeros((5, 7))
    picture[1, 2] = 1.0
    moved = images.warp(picture, np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 2.0]]))
    assert np.argwhere(moved == 1.0).tolist() == [[3, 5]]


def test_a_cow_mask_has_exactly_the_share_that_was_asked_for():
    for share in (0.0, 0.3, 1.0):
        mask = images.cow_mask(10, 30, share, 2.0, np.random.default_rng(0))
        assert mask.mean() == pytest.approx(share)
        assert set(np.unique(mask)) <= {0.0, 1.0}


def test_descent_is_fast_on_a_round_valley_and_slow_in_a_narrow_one():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=90)
    X = np.eye(3)[y] + 0.3 * rng.normal(size=(90, 3))
    easy, hard = regression.descend(X, y, 100), regression.descend(X * [1, 10, 1000], y, 100)
    assert easy.losses[0] == pytest.approx(np.log(3))
    assert len(easy.losses) == 101
    assert easy.losses[-1] < hard.losses[-1]
    assert easy.condition < hard.condition


def test_turned_copies_help_with_tilted_digits():
    accuracy = augmentation.rotation_study((0, 30), samples=60, copies=2, seeds=(0,))
    assert accuracy["tilted"].shape == (1, 2)
    assert accuracy["tilted"][0, 1] > accuracy["tilted"][0, 0]

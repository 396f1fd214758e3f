"""near_duplicates: the same image saved in another way, and images that are only alike (D05 and D06)."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from darkroom import manifest
from darkroom.dataset import layout, listing, near_duplicates, spectrum
from darkroom.dataset.cluster_history import History, Names


def scene(number, size=96):
    """A smooth image with some shapes: what photographs have and noise has not."""
    rng = np.random.default_rng(number)
    image = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8)).resize((size, size), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(4):
        x, y, r = rng.integers(0, size, 3)
        draw.ellipse(
            (int(x), int(y), int(x + r // 2 + 4), int(y + r // 2 + 4)), fill=tuple(rng.integers(0, 256, 3).tolist())
        )
    return image


def digit(number, size=28):
    """A white stroke on black: flat, much alike, and not equal."""
    rng = np.random.default_rng(number)
    image = Image.new("L", (size, size))
    points = [(14 + int(rng.integers(-5, 6)), y + int(rng.integers(-2, 3))) for y in (4, 11, 17, 24)]
    ImageDraw.Draw(image).line(points, fill=255, width=int(rng.integers(2, 4)))
    return image


@pytest.fixture
def paired(stored, listed):
    """The near duplicates of named images, as pairs of names."""

    def find(contents):
        rows, pairs, *_ = listed(stored(contents))
        return [(rows[pair.first]["path"], rows[pair.second]["path"]) for pair in pairs]

    return find


@pytest.mark.parametrize(
    "change",
    [
        lambda image: (image, "JPEG", {"quality": 70}),
        lambda image: (image.resize((192, 192), Image.Resampling.BICUBIC), "PNG", {}),
        lambda image: (image.resize((64, 64), Image.Resampling.BICUBIC), "JPEG", {}),
        lambda image: (ImageEnhance.Brightness(image).enhance(1.1), "PNG", {}),
        lambda image: (ImageEnhance.Brightness(image).enhance(0.9), "PNG", {}),
        lambda image: (image.convert("L"), "PNG", {}),
        lambda image: (ImageOps.mirror(image), "JPEG", {"quality": 50}),
        lambda image: (image.crop((2, 2, 94, 94)), "PNG", {}),
        lambda image: (image.rotate(2, Image.Resampling.BICUBIC), "PNG", {}),
    ],
    ids=["saved again", "doubled", "shrunk", "brighter", "darker", "grey", "mirrored", "cropped", "rotated"],
)
def test_an_image_saved_in_another_way_is_found_among_unrelated_ones(paired, encoded, change):
    image, kind, options = change(scene(1))
    contents = {f"b/{number}.png": encoded(scene(number)) for number in range(1, 40)}
    assert paired(contents | {"a/again": encoded(image, kind, **options)}) == [("a/again", "b/1.png")]


def test_an_equal_image_is_no_near_duplicate(paired, encoded):
    assert paired({"a/1.png": encoded(scene(1)), "b/1.bmp": encoded(scene(1), "BMP")}) == []


def test_strokes_that_are_much_alike_are_told_apart(stored, encoded, listed):
    n = 300
    rows, pairs, *_ = listed(
        stored({f"{'ab'[number % 2]}/{number}.png": encoded(digit(number)) for number in range(n)})
    )
    assert len({row for pair in pairs for row in pair[:2]}) < 0.01 * n


def shirt(number, size=28):
    """A grey silhouette on black, as articles of clothing are: large, flat, and much alike."""
    rng = np.random.default_rng(number)
    image = Image.new("L", (size, size))
    left, top, right, bottom, sleeve, other, neck = (int(n) for n in rng.integers(0, 6, 7))
    draw = ImageDraw.Draw(image)
    draw.rectangle((7 + left % 3, 2 + top, 20 - right % 3, 26 - bottom), fill=int(rng.integers(90, 250)))
    draw.rectangle((1 + sleeve, 4 + top, 13, 9 + bottom), fill=int(rng.integers(90, 250)))
    draw.rectangle((14, 4 + top, 26 - other, 9 + other), fill=int(rng.integers(90, 250)))
    draw.ellipse((9 + neck, top, 13 + neck, 4 + top), fill=0)
    return image


def test_flat_images_of_28_pixels_are_hardly_ever_taken_for_copies(stored, encoded, listed, config, cache):
    """Whatever is done with copies across a given split, clothes that only look alike are not taken for copies."""
    n = 300
    names = {f"{('train', 'test')[k % 2]}/{'ab'[k // 2 % 2]}/{k}.png": encoded(shirt(k)) for k in range(n)}
    images = stored(names)
    strict = config.model_copy(update={"leaks": "drop_from_train"})
    result = listing.build(images, layout.read(images), strict, cache=cache)
    assert len({row["pixels"] for row in result.rows}) > 0.99 * n
    assert len({row for pair in result.pairs for row in pair[:2]}) < 0.01 * n
    assert len(manifest.used(result.rows)) > 0.99 * n


def test_images_below_16_pixels_are_compared_with_larger_ones_only(paired, encoded):
    small, again, tiny = (scene(1, size=28).resize((size, size)) for size in (14, 15, 8))
    assert paired({"a/1.png": encoded(small), "b/1.png": encoded(again), "b/2.png": encoded(tiny)}) == []
    assert paired({"a/1.png": encoded(small), "b/1.png": encoded(scene(1, size=28))}) == [("a/1.png", "b/1.png")]


def test_images_that_show_nothing_are_no_pair(paired, encoded):
    blank = [Image.new("L", (40, 40), level) for level in (0, 254, 255)]
    assert paired({f"{'aab'[k]}/{k}.png": encoded(image) for k, image in enumerate(blank)}) == []


def test_a_mirrored_copy_is_said_to_be_one(stored, encoded, listed):
    contents = {
        "a/1.png": encoded(scene(1)),
        "a/2.png": encoded(scene(2)),
        "b/1.png": encoded(ImageOps.mirror(scene(1))),
    }
    contents |= {"b/2.jpg": encoded(scene(2), "JPEG")}
    rows, pairs, *_ = listed(stored(contents))
    assert [(rows[pair.first]["path"], rows[pair.second]["path"], pair.mirrored) for pair in pairs] == [
        ("a/1.png", "b/1.png", True),
        ("a/2.png", "b/2.jpg", False),
    ]


def test_more_images_never_make_more_pairs_of_the_old_ones():
    """The distance to the eighth neighbour only ever falls: so an image that is added never joins two old ones."""
    images = [np.asarray(digit(number)) for number in range(400)]
    spectra = np.stack([spectrum.compute(image[None])[0] for image in images])
    rows = [{"width": 28, "height": 28, "pixels": image.tobytes().hex(), "bad": "", "dropped": ""} for image in images]
    few, many = ({pair[:2] for pair in near_duplicates.find(rows[:n], spectra[:n])} for n in (100, 400))
    assert {pair for pair in many if pair[1] < 100} <= few


def test_near_duplicates_and_groups_are_never_in_two_splits_that_are_drawn(stored, encoded, listed):
    contents = {f"a/{number}.png": encoded(scene(number)) for number in range(30)}
    contents |= {f"b/{number}.jpg": encoded(scene(number), "JPEG", quality=80) for number in range(30)}
    rows, pairs, *_ = listed(stored(contents))
    splits = {row["path"]: row["split"] for row in rows}
    assert len(pairs) == 30 and len(set(splits.values())) == 3
    assert all(splits[f"a/{number}.png"] == splits[f"b/{number}.jpg"] for number in range(30))


def test_a_near_duplicate_that_joins_later_gets_the_split_of_the_old_image_and_moves_none(
    stored, encoded, config, cache
):
    contents = {f"{'ab'[k % 2]}/{k}.png": encoded(scene(k)) for k in range(40)}
    images = stored(contents)
    before = listing.build(images, layout.read(images), config, cache=cache).rows
    images = stored(
        contents | {f"{'ab'[k % 2]}/again {k}.jpg": encoded(scene(k), "JPEG", quality=80) for k in range(40)}
    )
    previous = History(Names((row["pixels"], row["cluster"]) for row in before), before)
    after = listing.build(images, layout.read(images), config, cache=cache, previous=previous).rows
    splits = {row["path"]: row["split"] for row in after}
    assert {row["path"]: row["split"] for row in before}.items() <= splits.items()
    assert all(splits[f"{'ab'[k % 2]}/again {k}.jpg"] == splits[f"{'ab'[k % 2]}/{k}.png"] for k in range(40))

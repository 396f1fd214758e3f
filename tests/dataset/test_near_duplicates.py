"""near_duplicates: the same image saved in another way, and images that only a hash takes for equal (D05 and D06)."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from darkroom import manifest
from darkroom.dataset import layout, listing, near_duplicates


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
    """White strokes on black: flat, with equal hashes, and not equal."""
    rng = np.random.default_rng(number)
    image = Image.new("L", (size, size))
    x = rng.integers(-3, 4, 4)
    ImageDraw.Draw(image).line([(14 + x[0], 4 + x[1]), (14 + x[2], 24 + x[3])], fill=255, width=2)
    return image


@pytest.fixture
def paired(folder, listed):
    """The near duplicates of named images, as pairs of names."""

    def find(contents):
        rows, pairs, *_ = listed(folder(contents))
        return [(rows[pair.first]["path"], rows[pair.second]["path"]) for pair in pairs]

    return find


@pytest.mark.parametrize(
    "change",
    [
        lambda image: (image, "JPEG", {"quality": 70}),
        lambda image: (image.resize((192, 192), Image.Resampling.BICUBIC), "PNG", {}),
        lambda image: (image.resize((64, 64), Image.Resampling.BICUBIC), "JPEG", {}),
        lambda image: (ImageEnhance.Brightness(image).enhance(1.02), "PNG", {}),
    ],
    ids=["saved again", "doubled", "shrunk", "brightened"],
)
def test_an_image_saved_in_another_way_is_found_among_unrelated_ones(paired, encoded, change):
    image, kind, options = change(scene(1))
    contents = {f"b/{number}.png": encoded(scene(number)) for number in range(1, 40)}
    assert paired(contents | {"a/again": encoded(image, kind, **options)}) == [("a/again", "b/1.png")]


def test_an_equal_image_is_no_near_duplicate(paired, encoded):
    assert paired({"a/1.png": encoded(scene(1)), "b/1.bmp": encoded(scene(1), "BMP")}) == []


def test_strokes_with_equal_hashes_are_told_apart_by_their_pixels(folder, encoded, listed):
    n = 300
    rows, pairs, *_ = listed(
        folder({f"{'ab'[number % 2]}/{number}.png": encoded(digit(number)) for number in range(n)})
    )
    crowd = max(np.unique([row["hash"] for row in rows], return_counts=True)[1])
    assert crowd > 1, "the hashes alone would have been enough"
    assert len({row for pair in pairs for row in pair[:2]}) < 0.01 * n


def shirt(number, size=28):
    """A grey silhouette on black, as articles of clothing are: large, flat, and much alike."""
    rng = np.random.default_rng(number)
    image = Image.new("L", (size, size))
    left, top, right, bottom, sleeve = (int(n) for n in rng.integers(0, 6, 5))
    draw = ImageDraw.Draw(image)
    draw.rectangle((7 + left % 3, 2 + top, 20 - right % 3, 26 - bottom), fill=int(rng.integers(90, 250)))
    draw.rectangle((1 + sleeve, 4 + top, 26 - sleeve, 9 + bottom), fill=int(rng.integers(90, 250)))
    return image


def test_flat_images_of_28_pixels_are_hardly_ever_taken_for_copies(folder, encoded, listed, config, cache):
    """Whatever is done with copies across a given split, clothes that only look alike are not taken for copies."""
    n = 300
    names = {f"{('train', 'test')[k % 2]}/{'ab'[k // 2 % 2]}/{k}.png": encoded(shirt(k)) for k in range(n)}
    images = folder(names)
    strict = config.model_copy(update={"leaks": "drop_from_train"})
    result = listing.build(images, layout.read(images), strict, cache=cache)
    crowd = max(np.unique([row["hash"] for row in result.rows], return_counts=True)[1])
    assert crowd > 1 and len({row["pixels"] for row in result.rows}) > 0.99 * n
    assert len({row for pair in result.pairs for row in pair[:2]}) < 0.01 * n
    assert len(manifest.used(result.rows)) > 0.99 * n


def test_images_below_16_pixels_are_not_judged(paired, encoded):
    tiny = Image.fromarray(np.full((10, 10), 90, np.uint8))
    other = tiny.copy()
    other.putpixel((0, 0), 91)
    assert paired({"a/1.png": encoded(tiny), "b/1.png": encoded(other)}) == []


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_hashes_have_few_pairs(n):
    result = near_duplicates.candidates(np.zeros(n, np.uint64), np.zeros(n))
    assert result.tolist() == ([[0, 1]] if n == 2 else [])


def test_candidates_are_all_pairs_within_four_bits_and_six_levels():
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 2**63, 400, np.uint64)
    for number in range(1, 400, 2):
        for bit in rng.choice(64, number % 7, replace=False):  # up to six bits from its left neighbour
            hashes[number] = hashes[number - 1] ^ np.bitwise_xor.reduce([np.uint64(1) << np.uint64(bit), np.uint64(0)])
    light = rng.uniform(0, 30, 400)
    one, other = np.triu_indices(400, 1)
    wanted = (np.bitwise_count(hashes[one] ^ hashes[other]) <= 4) & (abs(light[one] - light[other]) <= 6)
    assert near_duplicates.candidates(hashes, light).tolist() == np.stack([one, other], 1)[wanted].tolist()


def row(pixels, group="", bad=""):
    return {"pixels": pixels, "group": group, "bad": bad, "dropped": ""}


def test_a_cluster_joins_equal_images_near_duplicates_and_groups_also_through_others():
    rows = [row("b"), row("c", "anna"), row("d", "anna"), row("c"), row("e"), row("", bad="x"), row("a", "otto")]
    assert near_duplicates.clusters(rows, [near_duplicates.Pair(0, 3, 1.0)]) == ["b", "b", "b", "b", "e", "", "a"]


def test_near_duplicates_and_groups_are_never_in_two_splits_that_are_drawn(folder, encoded, listed):
    contents = {f"a/{number}.png": encoded(scene(number)) for number in range(30)}
    contents |= {f"b/{number}.jpg": encoded(scene(number), "JPEG", quality=80) for number in range(30)}
    rows, pairs, *_ = listed(folder(contents))
    splits = {row["path"]: row["split"] for row in rows}
    assert len(pairs) == 30 and len(set(splits.values())) == 3
    assert all(splits[f"a/{number}.png"] == splits[f"b/{number}.jpg"] for number in range(30))

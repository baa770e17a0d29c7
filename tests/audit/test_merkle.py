"""The tree is RFC 6962's, and its proofs prove."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.audit import merkle
from pdp.audit.merkle import CompactRange, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion
from tests.audit.trees import CT_LEAVES, CT_ROOTS, drawn_leaves, plain_root, subtrees

INCLUSION = {  # (leaf, size): path, of the Certificate Transparency project
    (0, 8): ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
             "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"],
    (5, 8): ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
             "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
}  # fmt: skip
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[0, 8],
    (6, 8): ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
             "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
             "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"],
    (2, 5): ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
             "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"],
}  # fmt: skip


def grown(leaves):
    tree = CompactRange()
    tiles = [tile for leaf in leaves for tile in tree.append(leaf)]
    return tree, tiles


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size):
    """Its eight leaves, and the empty tree."""
    assert grown(CT_LEAVES[:size])[0].root().hex() == CT_ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs_are_those_of_certificate_transparency(index, size):
    proof = inclusion_proof(index, size, subtrees(CT_LEAVES))
    assert [h.hex() for h in proof] == INCLUSION[index, size]
    assert verify_inclusion(index, size, CT_LEAVES[index], proof, bytes.fromhex(CT_ROOTS[size]))


@pytest.mark.parametrize(("first", "second"), CONSISTENCY)
def test_consistency_proofs_are_those_of_certificate_transparency(first, second):
    proof = consistency_proof(first, second, subtrees(CT_LEAVES))
    assert [h.hex() for h in proof] == CONSISTENCY[first, second]
    old, new = bytes.fromhex(CT_ROOTS[first]), bytes.fromhex(CT_ROOTS[second])
    assert verify_consistency(first, second, old, new, proof)


@given(st.integers(0, 700))
def test_a_compact_range_has_the_root_of_the_whole_tree(size):
    """However it is written down and read again in between, and it hands out the root of every tile."""
    leaves = drawn_leaves(size)
    tree, tiles = grown(leaves[: size // 2])
    tree = CompactRange.from_bytes(tree.to_bytes())
    tiles += [tile for leaf in leaves[size // 2 :] for tile in tree.append(leaf)]
    assert (tree.size, tree.root()) == (size, plain_root(leaves))
    assert [(t.level, t.position) for t in tiles] == [(merkle.TILE_HEIGHT, n) for n in range(size // 256)]
    assert all(t.root == plain_root(leaves[t.position * 256 : (t.position + 1) * 256]) for t in tiles)


def test_tiles_of_the_second_level_are_handed_out():
    """65,536 leaves complete one; the tile below it comes first."""
    _, tiles = grown(drawn_leaves(1 << 16))
    assert [(t.level, t.position) for t in tiles[-2:]] == [(8, 255), (16, 0)]


@st.composite
def pairs(draw, low=0):
    size = draw(st.integers(1, 130))
    return draw(st.integers(low, size)), size


@st.composite
def damaged(draw, hashes):
    """``hashes`` with one bit flipped, one hash dropped, doubled or added."""
    hashes = list(hashes)
    how = draw(st.sampled_from(("flip", "drop", "double", "add"))) if hashes else "add"
    at = draw(st.integers(0, max(len(hashes) - 1, 0)))
    if how == "flip":
        bit = draw(st.integers(0, 255))
        hashes[at] = (int.from_bytes(hashes[at], "big") ^ (1 << bit)).to_bytes(32, "big")
    elif how == "drop":
        del hashes[at]
    else:
        hashes.insert(at, hashes[at] if how == "double" else draw(st.binary(min_size=32, max_size=32)))
    return hashes


@given(pairs(), st.data())
def test_every_inclusion_proof_verifies_and_no_damaged_one_does(pair, data):
    """Nor for another leaf, place or root."""
    index, size = min(pair[0], pair[1] - 1), pair[1]
    leaves = drawn_leaves(size)
    root, proof = plain_root(leaves), inclusion_proof(index, size, subtrees(leaves))
    assert verify_inclusion(index, size, leaves[index], proof, root)
    assert not verify_inclusion(index, size, leaves[index], data.draw(damaged(proof)), root)
    assert not verify_inclusion(index, size, merkle.leaf_hash(b"another"), proof, root)
    assert not verify_inclusion(index, size, leaves[index], proof, merkle.leaf_hash(b"another"))
    elsewhere = data.draw(st.integers(-1, size))
    assert elsewhere == index or not verify_inclusion(elsewhere, size, leaves[index], proof, root)


@given(pairs(), st.data())
def test_every_consistency_proof_verifies_and_no_damaged_one_does(pair, data):
    """Nor one between other roots."""
    first, second = pair
    leaves = drawn_leaves(second)
    old, new = plain_root(leaves[:first]), plain_root(leaves)
    proof = consistency_proof(first, second, subtrees(leaves))
    assert verify_consistency(first, second, old, new, proof)
    assert not verify_consistency(first, second, old, new, data.draw(damaged(proof)))
    other = plain_root([*leaves[:-1], merkle.leaf_hash(b"another")])
    assert first == 0 or not verify_consistency(first, second, old, other, proof)
    assert not verify_consistency(first, second, other, new, proof)


@given(pairs(low=1))
def test_a_changed_past_is_not_consistent(pair):
    """No proof from the changed log leads from the old root to the new one."""
    first, second = pair
    leaves = drawn_leaves(second)
    changed = [merkle.leaf_hash(b"another"), *leaves[1:]]
    proof = consistency_proof(first, second, subtrees(changed))
    assert not verify_consistency(first, second, plain_root(leaves[:first]), plain_root(changed), proof)


@pytest.mark.parametrize("stored", [b"", b"\0" * 7, b"\0" * 9, b"\0" * 7 + b"\1", b"\0" * 7 + b"\3" + b"h" * 32])
def test_bytes_that_are_no_tree_are_refused(stored):
    with pytest.raises(ValueError, match="tree"):
        CompactRange.from_bytes(stored)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_proof_for_what_is_not_there(index, size):
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(index, size, subtrees([]))

"""Chunks: a file is cut by its own row groups and the chunk size, and nothing is lost or moved."""

from hypothesis import given
from hypothesis import strategies as st

from strategies.batches.chunking import Chunk, chunks_of
from strategies.batches.engines._sharing import Sharing

GROUPS = st.lists(st.integers(0, 50), min_size=0, max_size=30)


@given(GROUPS, st.integers(1, 60))
def test_chunks_are_the_rows_in_order_each_once(groups: list[int], chunk_rows: int) -> None:
    chunks = chunks_of(groups, chunk_rows)
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    seen = 0
    for chunk in chunks:
        assert chunk.first_row == seen
        assert 1 <= chunk.rows <= chunk_rows
        before, within = sum(groups[: chunk.groups[0]]), sum(groups[chunk.groups[0] : chunk.groups[1]])
        assert chunk.first_row == before + chunk.offset
        assert chunk.offset + chunk.rows <= within
        seen += chunk.rows
    assert seen == sum(groups)


@given(GROUPS, st.integers(1, 60))
def test_small_groups_share_a_chunk_and_large_ones_are_cut_alone(groups: list[int], chunk_rows: int) -> None:
    for chunk in chunks_of(groups, chunk_rows):
        held = groups[chunk.groups[0] : chunk.groups[1]]
        assert sum(held) <= chunk_rows or len([rows for rows in held if rows]) == 1


@given(GROUPS, st.integers(1, 20), st.integers(1, 5), st.randoms(use_true_random=False))
def test_workers_share_every_chunk_once_whoever_asks_when(
    groups: list[int], chunk_rows: int, workers: int, random: object
) -> None:
    chunks = chunks_of(groups, chunk_rows)
    sharing = Sharing(chunks)
    taken: list[Chunk] = []
    alive, held = set(range(workers)), {}
    while True:
        worker = random.choice(sorted(alive))  # type: ignore[attr-defined]
        if len(alive) > 1 and random.random() < 0.1:  # type: ignore[attr-defined]
            alive.remove(worker)  # it dies with the chunk that it was at
            lost = [held.pop(worker)] if worker in held else []
            for chunk in lost:
                taken.remove(chunk)
            sharing.give_back(worker, lost)
            continue
        chunk = sharing.next(worker)
        if chunk is None:
            break
        taken.append(chunk)
        held[worker] = chunk
    assert sorted(chunk.number for chunk in taken) == [chunk.number for chunk in chunks]

"""What the verbs of the SQLite ledger read and write, within the transaction they are in.

The tables are in ``scripts/ledger.sql``. The judging functions answer None where nothing speaks
against a message, else the verdict.
"""

from collections.abc import Mapping, Sequence
from sqlite3 import Connection

from xaynet_coordinator.store import (
    CHUNK_OVERHEAD,
    Caps,
    ChunkBounds,
    Collection,
    Counts,
    Desired,
    Head,
    Pointer,
    Refused,
    StoreCorrupt,
    Stored,
    UpdateCommit,
    UpdateEntry,
    Verdict,
)
from xaynet_pet import Tag


def head(db: Connection) -> Head:
    """The first page; a file without it is not one of ours."""
    row = db.execute(
        'SELECT term, epoch, state, elapsed, paused, sum, "update", sum2 FROM head'
    ).fetchone()
    if row is None:
        raise StoreCorrupt("the ledger has no first page")
    term, epoch, state, elapsed, paused, *caps = row
    return Head(term, epoch, state, elapsed, bool(paused), Caps(*caps))


def set_caps(db: Connection, caps: Caps) -> None:
    """From now on the phases accept this many."""
    db.execute(
        'UPDATE head SET sum = ?, "update" = ?, sum2 = ?', (caps.sum, caps.update, caps.sum2)
    )


def desired(db: Connection) -> Desired | None:
    """The stored document, if there ever was one."""
    row = db.execute("SELECT generation, document FROM desired").fetchone()
    return None if row is None else Desired(*row)


def closed(db: Connection, epoch: int) -> Verdict | None:
    """Is it the wrong time for any message of this epoch?"""
    page = head(db)
    if page.epoch != epoch:
        return Verdict.STALE
    return Verdict.PAUSED if page.paused else None


def seen(db: Connection, tag: Tag, participant: bytes, receipt_: bytes) -> Verdict | None:
    """Was this message, or another of the participant, accepted before?"""
    earlier = receipt(db, tag, participant)
    if earlier is None:
        return None
    return Verdict.REPEATED if earlier == receipt_ else Verdict.DUPLICATE


def room(db: Connection, tag: Tag) -> int:
    """How many more messages of this tag fit; negative if the cap was lowered below them."""
    return head(db).caps.of(tag) - counts(db).of(tag)


def counts(db: Connection) -> Counts:
    """Messages accepted in the round, by tag."""
    by_tag = dict(db.execute("SELECT tag, count(*) FROM receipts GROUP BY tag"))
    return Counts(*(by_tag.get(tag.value, 0) for tag in (Tag.SUM, Tag.UPDATE, Tag.SUM2)))


def receipt(db: Connection, tag: Tag, participant: bytes) -> bytes | None:
    """The receipt of the participant's accepted message of this tag."""
    query = "SELECT receipt FROM receipts WHERE tag = ? AND participant = ?"
    row = db.execute(query, (tag.value, participant)).fetchone()
    return None if row is None else row[0]


def keep_receipt(db: Connection, tag: Tag, participant: bytes, receipt_: bytes) -> None:
    """The message counts from now on."""
    db.execute("INSERT INTO receipts VALUES (?, ?, ?)", (tag.value, participant, receipt_))


def is_sum_participant(db: Connection, participant: bytes) -> bool:
    """Is this pk in the sum dictionary?"""
    query = "SELECT 1 FROM sums WHERE participant = ?"
    return db.execute(query, (participant,)).fetchone() is not None


def pointers(db: Connection) -> dict[str, Pointer]:
    """Every member's pointer."""
    rows = db.execute("SELECT member, blob, digest, updates FROM pointers")
    return {member: Pointer(*pointer) for member, *pointer in rows}


def first_refused(db: Connection, updates: Sequence[UpdateEntry]) -> Refused | None:
    """The first update of the group that cannot be accepted after those before it."""
    sums = {participant for (participant,) in db.execute("SELECT participant FROM sums")}
    free = room(db, Tag.UPDATE)
    group: dict[bytes, bytes] = {}
    for index, update in enumerate(updates):
        verdict = (
            _seen_in(group, update)
            or seen(db, Tag.UPDATE, update.participant, update.receipt)
            or _judge_seeds(sums, update.seeds)
            or (Verdict.FULL if len(group) >= free else None)
        )
        if verdict is not None:
            return Refused(verdict, index)
        group[update.participant] = update.receipt
    return None


def _seen_in(group: Mapping[bytes, bytes], update: UpdateEntry) -> Verdict | None:
    if update.participant not in group:
        return None
    same = group[update.participant] == update.receipt
    return Verdict.REPEATED if same else Verdict.DUPLICATE


def _judge_seeds(sums: set[bytes], seeds: Mapping[bytes, bytes]) -> Verdict | None:
    if not sums.issuperset(seeds):
        return Verdict.UNKNOWN_PARTICIPANT
    return None if len(seeds) == len(sums) else Verdict.INCOMPLETE_SEEDS


def enter(db: Connection, commit: UpdateCommit) -> None:
    """Write a commit that was judged to be right."""
    pointer = commit.pointer
    db.execute(
        "INSERT OR REPLACE INTO pointers VALUES (?, ?, ?, ?)",
        (commit.member, pointer.blob, pointer.digest, pointer.updates),
    )
    for update in commit.updates:
        keep_receipt(db, Tag.UPDATE, update.participant, update.receipt)
        db.executemany(
            "INSERT INTO seeds VALUES (?, ?, ?)",
            ((pk, update.participant, seed) for pk, seed in update.seeds.items()),
        )


def collection_row(db: Connection, collection: Collection) -> tuple[int, int, int | None] | None:
    """A collection's row id, its bytes and the id of its last chunk; None if there is none."""
    query = (
        "SELECT id, bytes, last FROM collections "
        "WHERE participant = ? AND tag = ? AND message_id = ?"
    )
    name = (collection.participant, collection.tag.value, collection.message_id)
    return db.execute(query, name).fetchone()


def store_chunk(
    db: Connection, collection: Collection, chunk: tuple[int, bool, bytes], bounds: ChunkBounds
) -> Stored | Verdict:
    """Write a chunk if the bounds allow it; one with the same id makes room first."""
    chunk_id, is_last, data = chunk
    row, _, last = collection_row(db, collection) or (None, 0, None)
    grown = CHUNK_OVERHEAD + len(data) - _chunk_bytes(db, row, chunk_id)
    if grown > 0 and not _fits(db, collection.participant, grown, bounds):
        return Verdict.NO_ROOM
    row = _begin_collection(db, collection) if row is None else row
    last = chunk_id if is_last else last
    db.execute(
        "UPDATE collections SET bytes = bytes + ?, last = ? WHERE id = ?", (grown, last, row)
    )
    db.execute("INSERT OR REPLACE INTO chunks VALUES (?, ?, ?)", (row, chunk_id, data))
    (number,) = db.execute("SELECT count(*) FROM chunks WHERE collection = ?", (row,)).fetchone()
    return Stored(number, last)


def _chunk_bytes(db: Connection, row: int | None, chunk_id: int) -> int:
    query = "SELECT length(data) FROM chunks WHERE collection = ? AND id = ?"
    found = db.execute(query, (row, chunk_id)).fetchone()
    return 0 if found is None else CHUNK_OVERHEAD + found[0]


def _fits(db: Connection, participant: bytes, grown: int, bounds: ChunkBounds) -> bool:
    mine = "SELECT coalesce(sum(bytes), 0) FROM collections WHERE participant = ?"
    (stored,) = db.execute(mine, (participant,)).fetchone()
    (total,) = db.execute("SELECT coalesce(sum(bytes), 0) FROM collections").fetchone()
    return stored + grown <= bounds.participant and total + grown <= bounds.total


def _begin_collection(db: Connection, collection: Collection) -> int:
    insert = "INSERT INTO collections (participant, tag, message_id, bytes) VALUES (?, ?, ?, 0)"
    name = (collection.participant, collection.tag.value, collection.message_id)
    row = db.execute(insert, name).lastrowid
    assert row is not None  # it is after an INSERT
    return row


def drop_collection(db: Connection, row: int) -> None:
    """Remove one collection and its chunks."""
    db.execute("DELETE FROM chunks WHERE collection = ?", (row,))
    db.execute("DELETE FROM collections WHERE id = ?", (row,))


def erase_chunks(db: Connection) -> None:
    """Remove all chunks of all collections."""
    db.execute("DELETE FROM chunks")
    db.execute("DELETE FROM collections")


def erase(db: Connection) -> None:
    """Remove everything; a blank first page is left."""
    erase_chunks(db)
    erase_round(db)
    db.execute("DELETE FROM desired")
    db.execute("UPDATE head SET term = 0, epoch = 0, state = NULL, elapsed = 0.0, paused = 0")
    set_caps(db, Caps())


def erase_round(db: Connection) -> None:
    """Remove the dictionaries, receipts, pointers and votes."""
    for table in ("sums", "receipts", "seeds", "pointers", "votes"):
        db.execute(f"DELETE FROM {table}")

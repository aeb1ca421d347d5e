-- The ledger of one uid. `tag` is the protocol's: 1 sum, 2 update, 3 sum2.

CREATE TABLE head (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    term     INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    state    BLOB,
    elapsed  REAL NOT NULL,
    paused   INTEGER NOT NULL,
    sum      INTEGER NOT NULL,
    "update" INTEGER NOT NULL,
    sum2     INTEGER NOT NULL
);

INSERT INTO head VALUES (1, 0, 0, NULL, 0.0, 0, 0, 0, 0);

CREATE TABLE desired (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    document   BLOB NOT NULL
);

CREATE TABLE sums (
    participant BLOB PRIMARY KEY,
    ephemeral   BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE receipts (
    tag         INTEGER NOT NULL,
    participant BLOB NOT NULL,
    receipt     BLOB NOT NULL,
    PRIMARY KEY (tag, participant)
) WITHOUT ROWID;

-- One participant's column of the seed dictionary lies together: it is what /seeds reads.
CREATE TABLE seeds (
    sum_participant    BLOB NOT NULL,
    update_participant BLOB NOT NULL,
    seed               BLOB NOT NULL,
    PRIMARY KEY (sum_participant, update_participant)
) WITHOUT ROWID;

CREATE TABLE pointers (
    member  TEXT PRIMARY KEY,
    blob    TEXT NOT NULL,
    digest  BLOB NOT NULL,
    updates INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE votes (
    digest BLOB PRIMARY KEY,
    votes  INTEGER NOT NULL
) WITHOUT ROWID;

-- `bytes` counts what the bounds count, `last` is the id of the chunk that was flagged last.
CREATE TABLE collections (
    id          INTEGER PRIMARY KEY,
    tag         INTEGER NOT NULL,
    participant BLOB NOT NULL,
    message_id  INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    last        INTEGER,
    UNIQUE (participant, tag, message_id)
);

CREATE TABLE chunks (
    collection INTEGER NOT NULL,
    id         INTEGER NOT NULL,
    data       BLOB NOT NULL,
    UNIQUE (collection, id)
);

PRAGMA user_version = 1;

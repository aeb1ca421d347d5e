"""The command ``xaynet``: services without a cluster, and changes to services that run.

commands      what is typed
├── up        the embedded mode: a manifest becomes a coordinator in this process
│   ├── embedded      manifest → settings, pure
│   ├── data_folder   what lies beside the coordinator's own state
│   └── edits         the manifest is saved again while it runs
├── control   the control API of a coordinator, near or far
├── desired   what is wanted of a service, and changes of it, pure
├── models    global models, listed and written to files
└── screen    a live view on a terminal, plain lines elsewhere
    └── view, events  the two forms of an observed state, pure
"""

"""The command ``xaynet``: services without a cluster, and changes to services that run.

commands      what is typed
├── up        the embedded mode: a manifest becomes a coordinator in this process
│   ├── embedded      manifest → settings, pure
│   └── edits         the manifest is saved again while it runs
├── watching  a service that runs, near or far, is followed
├── reach     which service is meant
│   ├── data_folder   one without a cluster: what lies beside the coordinator's own state
│   ├── control       the control API of any
│   └── models        global models, listed and written to files
├── desired   what is wanted of a service, and changes of it, pure
└── screen    a live view on a terminal, plain lines elsewhere
    └── view, events  the two forms of an observed state, pure
"""

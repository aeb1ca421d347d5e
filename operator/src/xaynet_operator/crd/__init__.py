"""The CustomResourceDefinition of FederatedRound, made from the resource's models.

    definition    names, versions, columns: the whole document
    schema        the models as a structural OpenAPI schema
    validations   what holds between fields and over edits, as CEL rules
    cel           texts and values in CEL

``python -m xaynet_operator.crd FOLDER ...`` writes it into folders.
"""

from xaynet_operator.crd.definition import FILE_NAME, definition, page

__all__ = ["FILE_NAME", "definition", "page"]

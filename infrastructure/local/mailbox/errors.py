"""Errors as Graph words them: status, code, message, envelope."""

from http import HTTPStatus


class GraphError(Exception):
    """Ends a request with a Graph error answer."""

    def __init__(self, status: int, code: str, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Keep what the answer needs."""
        super().__init__(f"{status} {code}: {message}")
        self.status = int(status)
        self.code = code
        self.message = message
        self.headers = headers


def envelope(error: GraphError, *, date: str, request_id: str, client_request_id: str) -> dict[str, object]:
    """Return the JSON body of an error answer."""
    inner = {"date": date, "request-id": request_id, "client-request-id": client_request_id}
    return {"error": {"code": error.code, "message": error.message, "innerError": inner}}


def item_not_found() -> GraphError:
    """Say that nothing has this id: moved, deleted, or the wrong kind of id."""
    return GraphError(
        HTTPStatus.NOT_FOUND, "ErrorItemNotFound", "The specified object was not found in the store., Item not found."
    )


def malformed_id() -> GraphError:
    """Say that this can never have been an id."""
    return GraphError(HTTPStatus.BAD_REQUEST, "ErrorInvalidIdMalformed", "Id is malformed.")


def invalid_user(address: str) -> GraphError:
    """Say that there is no such mailbox."""
    return GraphError(HTTPStatus.NOT_FOUND, "ErrorInvalidUser", f"The requested user '{address}' is invalid.")


def bad_request(message: str) -> GraphError:
    """Say that the request as a whole makes no sense."""
    return GraphError(HTTPStatus.BAD_REQUEST, "BadRequest", message)


def unknown_property(name: str, kind: str) -> GraphError:
    """Say that a query option names a property which the type does not have."""
    message = f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'."
    return GraphError(HTTPStatus.BAD_REQUEST, "RequestBroker--ParseUri", message)


def unreadable_query(message: str) -> GraphError:
    """Say that a query option does not parse."""
    return GraphError(HTTPStatus.BAD_REQUEST, "RequestBroker--ParseUri", message)


def unknown_field(name: str, kind: str) -> GraphError:
    """Say that a request body sets a property which the type does not have."""
    message = (
        f"The property '{name}' does not exist on type 'microsoft.graph.{kind}'. "
        "Make sure to only use property names that are defined by the type."
    )
    return GraphError(HTTPStatus.BAD_REQUEST, "RequestBodyRead", message)


def unreadable_body(message: str) -> GraphError:
    """Say that a request body is not what its endpoint reads."""
    return GraphError(HTTPStatus.BAD_REQUEST, "RequestBodyRead", message)


def not_settable() -> GraphError:
    """Say that a property cannot be set on this item (any more)."""
    return GraphError(HTTPStatus.BAD_REQUEST, "ErrorInvalidPropertySet", "Set action is invalid for property.")


def inefficient_filter() -> GraphError:
    """Say that $filter and $orderby do not go together."""
    message = "The restriction or sort order is too complex for this operation."
    return GraphError(HTTPStatus.BAD_REQUEST, "InefficientFilter", message)


def invalid_recipients() -> GraphError:
    """Say that a mail cannot be sent to these recipients."""
    return GraphError(HTTPStatus.BAD_REQUEST, "ErrorInvalidRecipients", "At least one recipient isn't valid.")


def folder_exists() -> GraphError:
    """Say that a folder of this name is there already."""
    message = "A folder with the specified name already exists., Could not create folder."
    return GraphError(HTTPStatus.CONFLICT, "ErrorFolderExists", message)


def not_emulated(what: str) -> GraphError:
    """Say that Graph may know this but the stand-in does not."""
    return GraphError(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"The local mailbox does not emulate {what}.")


def method_not_allowed(allowed: str) -> GraphError:
    """Say that the resource exists but not for this method."""
    return GraphError(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "MethodNotAllowed",
        "The HTTP method is not supported on this resource.",
        (("Allow", allowed),),
    )

"""JSON Schema calls 25.0 an integer, and so does schemathesis; readers of JSON that have types do not, and no client sends it."""

import schemathesis


@schemathesis.hook
def map_body(context, body):
    return whole(body)


def whole(value):
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    return value

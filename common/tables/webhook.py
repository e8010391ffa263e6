"""instance, as the webhook routes change it: addresses, and the flag for own messages."""

_SET_ONE = """
    UPDATE instance
    SET {column} = $2, version = version + 1
    WHERE id = $1"""

SET_DELIVERY = _SET_ONE.format(column="delivery_callback_url")
SET_MESSAGE_STATUS = _SET_ONE.format(column="message_status_callback_url")
SET_PRESENCE = _SET_ONE.format(column="presence_chat_callback_url")
SET_CONNECTED = _SET_ONE.format(column="connected_callback_url")
SET_DISCONNECTED = _SET_ONE.format(column="disconnected_callback_url")

# One address for received messages. While own messages are told as well it is shown under both of its names.
SET_RECEIVED = """
    UPDATE instance
    SET received_callback_url = $2,
        received_and_delivery_callback_url = CASE WHEN receive_callback_sent_by_me THEN $2 END,
        version = version + 1
    WHERE id = $1"""

SET_RECEIVED_AND_DELIVERY = """
    UPDATE instance
    SET received_callback_url = $2, received_and_delivery_callback_url = $2, receive_callback_sent_by_me = true,
        version = version + 1
    WHERE id = $1"""

SET_EVERY = """
    UPDATE instance
    SET delivery_callback_url = $2, received_callback_url = $2, message_status_callback_url = $2,
        presence_chat_callback_url = $2, connected_callback_url = $2, disconnected_callback_url = $2,
        receive_callback_sent_by_me = coalesce($3, receive_callback_sent_by_me),
        received_and_delivery_callback_url =
            CASE WHEN coalesce($3, receive_callback_sent_by_me) THEN $2 END,
        version = version + 1
    WHERE id = $1"""

NOTIFY_SENT_BY_ME = """
    UPDATE instance
    SET receive_callback_sent_by_me = $2,
        received_callback_url = coalesce(received_and_delivery_callback_url, received_callback_url),
        received_and_delivery_callback_url =
            CASE WHEN $2 THEN coalesce(received_and_delivery_callback_url, received_callback_url) END,
        version = version + 1
    WHERE id = $1"""

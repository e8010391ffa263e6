"""A queue that is paused: nothing of it is begun until it goes on. What is accepted meanwhile waits."""

READ = """
    SELECT queue_paused_at FROM instance WHERE id = $1"""

# Pausing again keeps the first moment.
SET = """
    UPDATE instance
    SET queue_paused_at = CASE WHEN $2 THEN coalesce(queue_paused_at, now()) END
    WHERE id = $1
    RETURNING queue_paused_at"""

"""What can go wrong with a stored file. Each says whether trying again later can help.

MediaError                    code
├── MediaGone                 media-gone          it was deleted or never existed
├── MediaComing               media-coming        a received file that is not downloaded yet           again
├── MediaElsewhere            media-elsewhere     on another machine's disk until the bucket is back    again
├── BucketAway                bucket-away         the bucket cannot be reached                          again
├── DiskFull                  disk-full           no space left                                         again
└── DiskFailed                disk-failed         the disk refused for another reason                   again
"""


class MediaError(Exception):
    """A file could not be stored or read."""

    code = "media"
    retry = True

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or (type(self).__doc__ or self.code).strip())


class MediaGone(MediaError):
    """The file is not stored any more."""

    code, retry = "media-gone", False


class MediaComing(MediaError):
    """The file is still on its way from WhatsApp."""

    code = "media-coming"


class MediaElsewhere(MediaError):
    """The file is on the disk of another machine until the bucket can be reached."""

    code = "media-elsewhere"


class BucketAway(MediaError):
    """The bucket for files cannot be reached."""

    code = "bucket-away"


class DiskFull(MediaError):
    """There is no space left for files."""

    code = "disk-full"


class DiskFailed(MediaError):
    """The disk for files cannot be used."""

    code = "disk-failed"

"""Puts together what takes in files. Part of the wiring of `create_app`."""

from aiohttp import web

from core.clock import utc_now
from server import keys
from server.file_folder import FileFolder
from server.kept_files import KeptFiles
from server.uploads import UploadLimits, Uploads
from server.virus_scan import VirusScanner
from server.voices import VoiceDecoder


def make(app: web.Application) -> None:
    """Makes what keeps files, and their use case. Raises ConfigurationError for an unreadable address."""
    settings, stores = app[keys.SETTINGS], app[keys.STORES]
    scan = VirusScanner.at(settings.clamd_address).check if settings.clamd_address else None
    app[keys.KEPT_FILES] = KeptFiles(stores.files, FileFolder(settings.data / "files"))
    app[keys.UPLOADS] = Uploads(
        stores.conversations,
        app[keys.DESK],
        app[keys.READING],
        kept=app[keys.KEPT_FILES],
        limits=UploadLimits(settings.upload_max_bytes, settings.upload_max_pixels),
        publish=app[keys.FAN_OUT].publish,
        now=utc_now,
        decode=VoiceDecoder().decode,
        scan=scan,
        shared_locks=app[keys.REPLICAS].shared_locks,
    )

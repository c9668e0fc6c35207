"""The typed keys under which `create_app` leaves its parts for the routes. Used only in `server`."""

from collections.abc import Mapping

from aiohttp import web

from core.metrics import Metrics
from core.ports import ConversationStore, DialogueEngine, KnowledgeStore, UserStore
from core.settings import Settings
from core.speech_ports import SpeechRecogniser
from server.background import BackgroundTasks
from server.call_evidence import CallEvidence
from server.call_guests import CallGuests
from server.call_listening import CallListening
from server.calls import Calls
from server.channel_standing import ChannelStandings
from server.conversations import Conversations, FindDistrict
from server.desk import Desk
from server.desk_events import DeskEvents
from server.desk_guides import DeskGuides
from server.desk_rounds import DeskRounds
from server.events import EventFanOut
from server.forms import Forms
from server.handover import Handovers
from server.health import Health
from server.kept_files import KeptFiles
from server.knowledge_part import KnowledgePart
from server.limits import ClientLimits
from server.media_port import Media
from server.open_sockets import OpenSockets
from server.pointing import Pointing
from server.rate_limit import RateLimiter
from server.ratings import Ratings
from server.recordings import Recordings
from server.replicas import ReplicaParts, Replicas
from server.report_records import Reports
from server.seen_on_page import SeenOnPage
from server.service_secrets import ServiceSecrets
from server.showing import Showing
from server.signalling import Signalling
from server.signatures import Signatures
from server.staff_reading import StaffReading
from server.staff_sessions import StaffSessions
from server.static_files import StaticFiles
from server.stores_part import Stores
from server.suggestions import Suggestions
from server.supervision import Supervision
from server.uploads import Uploads
from server.wechat_part import WeChatAccount

SETTINGS = web.AppKey("settings", Settings)
STORES = web.AppKey("stores", Stores)
METRICS = web.AppKey("metrics", Metrics)
CONVERSATION_STORE = web.AppKey("conversation_store", ConversationStore)
KNOWLEDGE_STORE = web.AppKey("knowledge_store", KnowledgeStore)
USER_STORE = web.AppKey("user_store", UserStore)
ENGINE = web.AppKey("engine", DialogueEngine)
CONVERSATIONS = web.AppKey("conversations", Conversations)
SUGGESTIONS = web.AppKey("suggestions", Suggestions)
FIND_DISTRICT: web.AppKey[FindDistrict] = web.AppKey("find_district")
HANDOVERS = web.AppKey("handovers", Handovers)
FAN_OUT = web.AppKey("fan_out", EventFanOut)
LIMITS = web.AppKey("limits", ClientLimits)
HEALTH = web.AppKey("health", Health)
STAFF_SESSIONS = web.AppKey("staff_sessions", StaffSessions)
STATIC_FILES = web.AppKey("static_files", StaticFiles)
SOCKETS = web.AppKey("sockets", OpenSockets)
KNOWLEDGE = web.AppKey("knowledge", KnowledgePart)
SECRETS = web.AppKey("secrets", ServiceSecrets)
DESK = web.AppKey("desk", Desk)
DESK_GUIDES = web.AppKey("desk_guides", DeskGuides)
DESK_ROUNDS = web.AppKey("desk_rounds", DeskRounds)
READING = web.AppKey("staff_reading", StaffReading)
SCREENS = web.AppKey("screens", DeskEvents)
SUPERVISION = web.AppKey("supervision", Supervision)
CALLS = web.AppKey("calls", Calls)
CALL_GUESTS = web.AppKey("call_guests", CallGuests)
CALL_LISTENING = web.AppKey("call_listening", CallListening)
CALL_EVIDENCE = web.AppKey("call_evidence", CallEvidence)
RECORDINGS = web.AppKey("recordings", Recordings)
RATINGS = web.AppKey("ratings", Ratings)
REPLICA_PARTS: web.AppKey[ReplicaParts | None] = web.AppKey("replica_parts")
REPLICAS = web.AppKey("replicas", Replicas)
REPORTS = web.AppKey("reports", Reports)
KEPT_FILES = web.AppKey("kept_files", KeptFiles)
UPLOADS = web.AppKey("uploads", Uploads)
SHOWING = web.AppKey("showing", Showing)
POINTING = web.AppKey("pointing", Pointing)
FORMS = web.AppKey("forms", Forms)
SIGNATURES = web.AppKey("signatures", Signatures)
PAPER_RATE = web.AppKey("paper_rate", RateLimiter)
SPEECH = web.AppKey("speech", SpeechRecogniser)
WECHAT: web.AppKey[Mapping[str, WeChatAccount]] = web.AppKey("wechat")
STANDINGS = web.AppKey("standings", ChannelStandings)
SEEN_ON_PAGE = web.AppKey("seen_on_page", SeenOnPage)
SIGNALLING = web.AppKey("signalling", Signalling)
MEDIA: web.AppKey[Media] = web.AppKey("media")
BACKGROUND = web.AppKey("background", BackgroundTasks)

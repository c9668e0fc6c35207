"""The typed keys under which `create_app` leaves its parts for the routes. Used only in `server`."""

from aiohttp import web

from core.metrics import Metrics
from core.ports import ConversationStore, DialogueEngine, KnowledgeStore, UserStore
from core.settings import Settings
from server.conversations import Conversations, FindDistrict
from server.events import EventFanOut
from server.handover import Handovers
from server.health import Health
from server.knowledge_part import KnowledgePart
from server.limits import ClientLimits
from server.open_sockets import OpenSockets
from server.service_secrets import ServiceSecrets
from server.staff_sessions import StaffSessions
from server.static_files import StaticFiles
from server.stores_part import Stores
from server.suggestions import Suggestions

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

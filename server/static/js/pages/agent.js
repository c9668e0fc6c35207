/**
 * Starts the agents' desk. Everything it needs is in the markup; see `components/agent/desk.js`.
 */

import '../components/agent/desk.js'

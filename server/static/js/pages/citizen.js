/**
 * Starts the citizen page. Everything it needs is in the markup; see `components/bb-chat.js`.
 */

import '../components/bb-chat.js'

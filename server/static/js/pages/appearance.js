/**
 * Shows the citizen's preferences before the page is drawn, so that large print doesn't jump in.
 */

import { preferences } from '../lib/preferences.js'

preferences.show()

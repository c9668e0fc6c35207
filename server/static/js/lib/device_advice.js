/**
 * What to do when camera or microphone can't be used, in the words of the device at hand. Pure.
 *
 * The paths through the settings are those of iOS 17, Android 14, WeChat 8 and desktop browsers of 2024.
 */

/** @typedef {'wechat-ios' | 'wechat-android' | 'ios' | 'android' | 'desktop'} Place */

/** @param {string} userAgent @param {number} touchPoints an iPad says that it is a Mac @returns {Place} */
export function placeOf(userAgent, touchPoints = 0) {
  const isIos = /iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && touchPoints > 1)
  const isWeChat = /MicroMessenger/i.test(userAgent)
  if (isIos) return isWeChat ? 'wechat-ios' : 'ios'
  if (/Android|HarmonyOS/.test(userAgent)) return isWeChat ? 'wechat-android' : 'android'
  return 'desktop'
}

const DENIED = Object.freeze({
  'wechat-ios': [
    '打开手机「设置」，找到「微信」，打开「相机」和「麦克风」。',
    '回到这里，点「再试一次」。',
    '还不行：点右上角「…」，选「在 Safari 中打开」，在那里找视频帮办。',
  ],
  'wechat-android': [
    '打开手机「设置 › 应用 › 微信 › 权限」，允许「相机」和「麦克风」。',
    '回到这里，点「再试一次」。',
    '还不行：点右上角「…」，选「在浏览器打开」，在那里找视频帮办。',
  ],
  ios: [
    '点地址栏左边的「大小」或页面菜单，选「网站设置」，把「相机」「麦克风」改为「允许」。',
    '没有这一项：打开「设置 › Safari 浏览器 › 相机」和「麦克风」，选「允许」。',
    '回到这里，点「再试一次」。',
  ],
  android: [
    '点地址栏左边的锁形或滑块图标，选「权限」，允许「摄像头」和「麦克风」。',
    '没有这一项：打开手机「设置 › 应用 › 浏览器 › 权限」，允许「相机」和「麦克风」。',
    '回到这里，点「再试一次」。',
  ],
  desktop: [
    '点地址栏左边的锁形或滑块图标，把「摄像头」和「麦克风」改为「允许」。',
    '苹果电脑还要看「系统设置 › 隐私与安全性 › 摄像头、麦克风」里是否勾选了浏览器。',
    '点「再试一次」，或刷新页面。',
  ],
})

const OTHERS = Object.freeze({
  missing: ['请看摄像头、麦克风或耳机是否插好。', '插好后点「再试一次」。没有摄像头，可以只用语音。'],
  busy: ['摄像头或麦克风正被别的程序使用。', '请关闭其他视频软件和页面，再点「再试一次」。'],
})

const INSECURE = Object.freeze({
  'wechat-ios': [
    '点右上角「…」，选「在 Safari 中打开」，在那里找视频帮办。',
    '想在微信里视频：请把手机系统升级到 iOS 14.3 以上，并把微信更新到最新版本。',
  ],
  'wechat-android': ['点右上角「…」，选「在浏览器打开」，在那里找视频帮办。', '想在微信里视频：请把微信更新到最新版本。'],
})

const TITLES = Object.freeze({
  denied: (devices) => `没有得到使用${devices}的许可`,
  missing: (devices) => `没有找到${devices}`,
  busy: (devices) => `${devices}正被占用`,
  insecure: () => '这个浏览器不能视频',
})

/**
 * What a citizen calls the devices that are concerned.
 *
 * @param {{camera: boolean, microphone: boolean}} concerned
 */
export function deviceWords({ camera, microphone }) {
  if (camera && microphone) return '摄像头和麦克风'
  return microphone ? '麦克风' : '摄像头'
}

/**
 * @param {'denied' | 'missing' | 'busy' | 'insecure'} reason
 * @param {Place} place
 * @param {string} [devices] those that it is about, see `deviceWords`
 * @returns {{title: string, steps: readonly string[]}}
 */
export function adviceFor(reason, place, devices = '设备') {
  const title = (TITLES[reason] ?? TITLES.missing)(devices)
  if (reason === 'denied') return { title, steps: DENIED[place] }
  if (reason !== 'insecure') return { title, steps: OTHERS[reason] ?? OTHERS.missing }
  const otherwise = ['请换用最新的 Chrome、Edge、Safari 或手机自带浏览器，并使用 https 开头的网址。']
  return { title, steps: INSECURE[place] ?? otherwise }
}

import type { Dictionary } from "./en";

export const zh: Dictionary = {
  app: { name: "sluice", skip: "跳到正文", menu: "菜单", signOut: "退出登录", language: "语言", theme: "外观", light: "浅色", dark: "深色", auto: "跟随系统" },
  nav: { overview: "概览", keys: "虚拟密钥", teams: "团队", users: "用户", models: "模型", plugins: "插件", guardrails: "护栏", logs: "日志", playground: "试验场", settings: "设置" },
  common: {
    loading: "加载中", retry: "重试", empty: "暂无内容", search: "搜索", cancel: "取消", save: "保存", create: "创建", delete: "删除", edit: "编辑", close: "关闭", copy: "复制", copied: "已复制", more: "加载更多", all: "全部", none: "无", never: "永不", unlimited: "不限", yes: "是", no: "否", actions: "操作", details: "详情", of: "{{part}} / {{whole}}", refresh: "刷新", export: "导出 CSV", failed: "操作未成功", offline: "无法连接网关，正在重试。", online: "网关已恢复响应。", unknownPrice: "价格未知", status: "状态", name: "名称", created: "创建时间", updated: "更新时间", optional: "可选",
  },
  login: { title: "登录", lead: "登录到 {{host}} 的网关", username: "用户名", password: "密码或主密钥", submit: "登录", sso: "使用组织账号登录", wrong: "用户名或密码错误。", throttled: "尝试次数过多，请等待 {{seconds}} 秒。" },
  overview: {
    title: "概览", lead: "经过网关的全部调用", spend: "花费", requests: "请求数", tokens: "令牌数", failures: "失败", successRate: "成功率", byDay: "按日", range7: "7 天", range30: "30 天", range90: "90 天", models: "模型", providers: "供应商", keys: "密钥", endpoints: "接口", promptTokens: "输入令牌", completionTokens: "输出令牌", cachedTokens: "缓存读取", share: "占比", noCalls: "这段时间没有调用", noCallsHint: "创建一个虚拟密钥，并用它发出第一次调用。", makeKey: "创建密钥", measure: "指标",
  },
  keys: {
    title: "虚拟密钥", lead: "客户端的凭证，以及各自的模型、预算和限额", make: "新建密钥", alias: "名称", key: "密钥", team: "团队", owner: "所有者", models: "模型", allModels: "全部模型", budget: "预算", spend: "花费", expires: "到期", status: "状态", active: "有效", blocked: "已封禁", expired: "已过期", noKeys: "还没有虚拟密钥", noKeysHint: "密钥让客户端在您设定的预算内使用您选择的模型。",
    maxBudget: "预算（美元）", budgetDuration: "重置周期", durationHint: "例如 30d、12h、1mo。留空表示不重置。", softBudget: "预警金额（美元）", lifetime: "有效期", lifetimeHint: "例如 90d。留空表示永久有效。", rpm: "每分钟请求数", tpm: "每分钟令牌数", parallel: "并发调用数", tags: "标签", kind: "可使用", kindDefault: "模型及自身花费", kindLlm: "仅模型", kindManagement: "仅管理接口", kindReadOnly: "只读", ips: "允许的地址", limits: "限额", who: "归属", what: "可用范围", money: "费用",
    made: "密钥已创建", madeLead: "请立即复制：密钥只显示一次，之后无法再查看。", snippet: "第一次调用", rotate: "更换密钥", rotateLead: "客户端需要换用新密钥。旧密钥还可使用多久？", grace: "旧密钥失效于", graceNow: "立即", block: "封禁", unblock: "解除封禁", deleteLead: "使用 {{name}} 的客户端将立即被拒绝，其花费记录会保留。", editTitle: "编辑 {{name}}", deleted: "{{name}} 已删除", saved: "{{name}} 已保存", resetSpend: "花费清零", lastUsed: "最近使用", spentOf: "{{spend}} / {{budget}}", begins: "{{date}} 重置",
  },
  plugins: {
    title: "插件", lead: "已加载的沙箱组件，它们申请了什么、做了什么", reload: "立即检查目录", version: "版本", source: "来源", bundled: "内置", state: "状态", calls: "调用", cpu: "每次 CPU", memory: "内存峰值", faults: "故障", generation: "代次", digest: "摘要", contract: "契约", isolation: "隔离方式", providers: "供应商", operations: "操作", asks: "申请", granted: "已授予", hosts: "主机", environment: "环境变量", privateAddresses: "私有地址", limits: "限制", reloads: "重载记录", quarantined: "已隔离的文件", nothingQuarantined: "没有被隔离的文件", noReloads: "启动以来没有加载或拒绝任何文件", reason: "原因", serving: "服务中", circuitOpen: "暂停调用", fileGone: "文件已不在", draining: "仍有调用的旧版本", lastError: "最近错误", verified: "有真实流量验证", unverified: "无真实流量", loadedAgo: "已运行 {{time}}", memoryLimit: "内存", cpuLimit: "CPU", wallLimit: "时间", outputLimit: "输出", concurrencyLimit: "并发",
  },
  logs: {
    title: "日志", lead: "每次调用一行", range1: "今天", range7: "7 天", range30: "30 天", live: "实时跟踪", time: "时间", model: "模型", provider: "供应商", key: "密钥", tokens: "令牌", spend: "花费", duration: "耗时", firstToken: "首个令牌", status: "状态", success: "成功", failure: "失败", interrupted: "中断", all: "全部调用", noCalls: "没有符合条件的调用", noCallsHint: "换一段时间或减少筛选条件试试。", find: "按标识查找", callId: "调用", attempts: "尝试", why: "为什么选择这个部署？", candidates: "可用的部署", ruledOut: "已排除", chosen: "已选择", request: "客户端请求", response: "返回内容", notStored: "未保存请求内容。设置 general_settings.store_prompts_in_spend_logs: true 即可保存。", cost: "费用", error: "错误", session: "会话", user: "用户", endUser: "终端客户", address: "地址", tags: "标签", cacheHit: "来自缓存", whyGone: "网关只保留最近调用的原因。", operation: "操作", priceVersion: "价格版本",
  },
};

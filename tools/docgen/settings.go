package main

// settings says what each setting is for, by its key in the file, in Chinese and English. A setting that does not stand
// here is an error.
var settings = map[string][2]string{
	"data": {
		"数据目录",
		"Data folder.",
	},
	"database.url": {
		"数据库地址，空为数据目录里的 SQLite",
		"PostgreSQL, `postgres://…`; empty is SQLite in the data folder.",
	},
	"http.addr": {
		"公网 HTTP，平台与车场用",
		"Public HTTP, for platforms and car parks.",
	},
	"http.url": {
		"平台和车场从外面访问的地址（在代理后面时填写）",
		"The address by which platforms and car parks reach it from outside, where it is behind a proxy.",
	},
	"http.proxy_protocol": {
		"公网 HTTP(S) 接收 PROXY 协议 v1、v2；只认 trusted_proxies",
		"Read the PROXY protocol, v1 and v2, on HTTP and HTTPS; of trusted_proxies only.",
	},
	"admin.addr": {
		"管理 HTTP：控制台、接口、指标",
		"Admin HTTP: console, API, metrics.",
	},
	"admin.url": {
		"控制台的网址（在代理后面时），用于告警里的链接",
		"The console's address for browsers, where it is behind a proxy; for links in alerts too.",
	},
	"health.addr": {
		"健康检查 HTTP：只有 /healthz 和 /readyz，供负载均衡用；空为不开",
		"Health HTTP for balancers: /healthz and /readyz only; empty is off.",
	},
	"line.addr": {
		"SDK 车场长连接",
		"The line of SDK car parks.",
	},
	"line.tls_addr": {
		"SDK 车场长连接（TLS，配了证书才有）",
		"The line under TLS; only with a certificate.",
	},
	"line.proxy_protocol": {
		"长连接（含 TLS）接收 PROXY 协议 v1、v2；只认 trusted_proxies",
		"Read the PROXY protocol, v1 and v2, on the line, plain and TLS; of trusted_proxies only.",
	},
	"line.frame_bytes": {
		"一帧最长字节数",
		"The longest message of a car park, in bytes.",
	},
	"line.offline_after": {
		"多久没有心跳算离线",
		"A lot counts as off line after so long without a heartbeat.",
	},
	"line.flood_per_10s": {
		"每个登录 10 秒内最多多少条上行",
		"Most messages of one login in ten seconds.",
	},
	"tls.cert": {
		"证书文件，变化后自动重新读取",
		"Certificate file; read again when it changes.",
	},
	"tls.key": {
		"证书的私钥文件",
		"The certificate's private key.",
	},
	"tls.addr": {
		"公网 HTTPS（配了证书才有）",
		"Public HTTPS; only with a certificate.",
	},
	"trusted_proxies": {
		"前置代理的地址段；只信它们的 X-Forwarded-For",
		"Addresses or prefixes of the proxies in front; X-Forwarded-For of others is ignored.",
	},
	"platforms.dir": {
		"自己的平台配置（*.toml）所在目录",
		"Folder of your own platforms' profiles (*.toml).",
	},
	"limits.account_per_s": {
		"每个平台账号每秒推送数",
		"Most pushes of one account in a second.",
	},
	"limits.address_per_s": {
		"每个来源地址每秒请求数",
		"Most requests of one address in a second.",
	},
	"limits.login_per_s": {
		"每个车场每秒长连接登录数",
		"Most line logins of one lot in a second.",
	},
	"limits.minutes": {
		"规则没有写上限时，一次停车最多减免的分钟（按推送、按充电时长的减免）；0 为不限",
		"Most minutes for one stay where its rule names no cap, for pushed grants and the charging time; 0 is no bound.",
	},
	"limits.amount": {
		"规则没有写上限时，一次停车最多减免的金额（元，按推送的减免）；0 为不限",
		"Most yuan for one stay where its rule names no cap, for pushed grants; 0 is no bound.",
	},
	"retention.pushes": {
		"已接收推送保留多久",
		"How long accepted pushes are kept.",
	},
	"retention.refused": {
		"被拒推送保留多久",
		"How long refused pushes are kept.",
	},
	"retention.charges": {
		"充电订单（含停车、下发、时间线）保留多久，0 为永久",
		"How long charges are kept, with stays, deliveries and timeline; 0 is for ever.",
	},
	"alerts": {
		"告警通知（只能写在文件里）",
		"Where alerts are sent; in the file only.",
	},
	"alerts[].name": {
		"名称，日志里用",
		"A name for the log.",
	},
	"alerts[].url": {
		"通知地址",
		"Address.",
	},
	"alerts[].format": {
		"格式",
		"`generic`, `wecom`, `dingtalk` or `feishu`.",
	},
	"alerts[].secret": {
		"钉钉、飞书的加签密钥",
		"Signs messages to 钉钉 and 飞书.",
	},
	"alerts[].lang": {
		"语言",
		"Language: `zh` or `en`.",
	},
	"alerts[].allow_to": {
		"允许发往的内网地址段",
		"Prefixes of your own network that may be dialled.",
	},
	"alerts[].on": {
		"哪些情况，空为全部",
		"Which alerts; empty is all.",
	},
	"webhooks": {
		"充电订单每次状态变化的通知（只能写在文件里）",
		"Who hears of each change of a charge's state; in the file only.",
	},
	"webhooks[].name": {
		"名称：小写字母、数字、- 和 _；待发的消息按它保存",
		"Small letters, digits, - and _; what waits is kept by this name.",
	},
	"webhooks[].url": {
		"地址，https；只有发往 allow_to 列出的 IP 地址才可用 http",
		"Address, https; http only to an IP address that allow_to names.",
	},
	"webhooks[].secret": {
		"签名密钥，至少 16 字节；或 whsec_ 加 Base64",
		"Signs the messages: 16 bytes or more, or whsec_ and Base64.",
	},
	"webhooks[].allow_to": {
		"允许发往的内网地址段",
		"Prefixes of your own network that may be dialled.",
	},
	"webhooks[].on": {
		"哪些状态，空为全部",
		"Which states; empty is all.",
	},
	"webhooks[].plates": {
		"车牌：masked 遮盖（默认），full 完整",
		"Plates: `masked` (the default) or `full`.",
	},
	"oidc.issuer": {
		"统一登录的签发方，空为不用",
		"Issuer of the single sign-on; empty is off.",
	},
	"oidc.client_id": {
		"客户端编号",
		"Client id.",
	},
	"oidc.client_secret": {
		"客户端密钥",
		"Client secret.",
	},
	"oidc.redirect_url": {
		"回跳地址",
		"The console's address with /oidc/return behind it, as registered at the issuer.",
	},
	"oidc.name_claim": {
		"用户名取自哪个声明",
		"Claim of the user's name; else preferred_username, email or sub.",
	},
	"oidc.role_claim": {
		"角色取自哪个声明",
		"Claim of the role; dots walk into objects (realm_access.roles). Default role.",
	},
	"oidc.scopes": {
		"除 openid 外申请的范围，默认 profile 和 email；若签发方按范围提供组信息，请加 groups",
		"Scopes beside openid; default profile and email. Add groups where the issuer sends them by scope.",
	},
	"oidc.roles": {
		"声明的值对应 viewer、support 或 admin；对不上的不能登录（只能写在文件里）",
		"Claim values and their role, viewer, support or admin; other values may not sign in. In the file only.",
	},
	"tracing.url": {
		"OpenTelemetry 收集器（OTLP/HTTP，JSON）的地址，每笔充电订单一条链路；空为不开",
		"Collector of OpenTelemetry (OTLP over HTTP, JSON), one trace a charge; empty is off.",
	},
	"tracing.allow_to": {
		"允许发往的内网地址段",
		"Prefixes of your own network that may be dialled.",
	},
	"tracing.share": {
		"跟踪多大比例的订单",
		"Share of the charges that is traced.",
	},
	"log.level": {
		"日志级别",
		"`debug`, `info`, `warn` or `error`.",
	},
}

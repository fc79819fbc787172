package estate

import (
	"github.com/chargestamp/chargestamp/charge"
)

var vendorColumns = []column[charge.Vendor]{
	textColumn(Field{Name: "union_id", Type: TypeID, Required: true,
		English: "the vendor's number", Chinese: "厂商编号"}, func(v *charge.Vendor) *string { return &v.UnionID }),
	textColumn(Field{Name: "name", Type: TypeText,
		English: "name for people", Chinese: "名称"}, func(v *charge.Vendor) *string { return &v.Name }),
	secretColumn(Field{Name: "ukey", Type: TypeSecret,
		English: "vendor key: signs callbacks, the 3.x interfaces and the lines of lots without a ckey",
		Chinese: "厂商密钥：回调、3.x 接口及无 ckey 车场长连接的签名"}, func(v *charge.Vendor) *charge.Secret { return &v.Ukey }),
	oldKeyColumn("old_ukey", func(v *charge.Vendor) *charge.OldKey { return &v.OldUkey }),
	textColumn(Field{Name: "callback", Type: TypeURL,
		English: "where 5.14 goes for its API lots that name no address of their own",
		Chinese: "API 车场未单独配置时的 5.14 回调地址"}, func(v *charge.Vendor) *string { return &v.Callback }),
	{Field{Name: "allow_to", Type: TypePrefixes,
		English: "private, loopback or link-local addresses that callbacks may go to",
		Chinese: "允许回调到的内网地址段"},
		func(v *charge.Vendor, n *node) { v.AllowTo = n.prefixes() },
		func(v *charge.Vendor) *node { return prefixesNode(v.AllowTo) }},
	{Field{Name: "open_interface", Type: TypeBool, Default: "false",
		English: "open interface 13 (linghu) is switched on", Chinese: "开通开放接口 13（令狐充电）"},
		func(v *charge.Vendor, n *node) { v.OpenInterface = n.yes() },
		func(v *charge.Vendor) *node { return boolNode(v.OpenInterface) }},
	stateColumn(func(v *charge.Vendor) *bool { return &v.Off }),
}

// stateColumn switches a thing off and on.
func stateColumn[T any](off func(*T) *bool) column[T] {
	return column[T]{Field{Name: "state", Type: TypeEnum, Enum: []string{"on", "off"}, Default: "on",
		English: "off switches it off; nothing is deleted", Chinese: "off 为停用，不会删除"},
		func(t *T, n *node) { *off(t) = n.text == "off" },
		func(t *T) *node {
			if *off(t) {
				return textNode("off")
			}
			return nil
		}}
}

var oldKeyColumns = []column[charge.OldKey]{
	secretColumn(Field{Name: "key", Type: TypeSecret, Required: true,
		English: "the former key", Chinese: "旧密钥"}, func(k *charge.OldKey) *charge.Secret { return &k.Key }),
	{Field{Name: "until", Type: TypeTime, Required: true,
		English: "valid as well until then", Chinese: "旧密钥有效至"},
		func(k *charge.OldKey, n *node) { k.Until = n.time() },
		func(k *charge.OldKey) *node { return timeNode(k.Until) }},
}

// oldKeyColumn is a key that stays valid while a new one is taken up; {} clears it.
func oldKeyColumn[T any](name string, at func(*T) *charge.OldKey) column[T] {
	return column[T]{Field{Name: name, Type: TypeObject, Fields: fieldsOf(oldKeyColumns),
		English: "the former key, valid for a while after a change", Chinese: "更换期间仍有效的旧密钥"},
		func(t *T, n *node) {
			if len(n.pairs) == 0 {
				*at(t) = charge.OldKey{}
			}
			setAll(oldKeyColumns, at(t), n)
		},
		func(t *T) *node { return mapOrNil(show(oldKeyColumns, at(t))) }}
}

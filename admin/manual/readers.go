package manual

import "github.com/chargestamp/chargestamp/words"

// shelf is the pages for one kind of reader.
type shelf struct {
	Name, About string
	Pages       []entry
}

type entry struct{ Name, Title, Address string }

// readers says who reads what, in the order in which it is read.
var readers = []struct {
	name, about words.Text
	pages       []string
}{
	{words.Text{ZH: "客服", EN: "Support"}, words.Text{ZH: "让车场上线，回答车主", EN: "Bring a car park on line, answer drivers"},
		[]string{"docs/first-lot", "docs/support", "docs/states", "docs/policies", "docs/glossary"}},
	{words.Text{ZH: "充电平台的对接工程师", EN: "Integrators of a platform"},
		words.Text{ZH: "推送、签名、联调", EN: "Pushes, signatures, joint tests"},
		[]string{"docs/integrators", "docs/platforms/README", "docs/add-a-platform", "docs/numbers"}},
	{words.Text{ZH: "车场系统的开发者", EN: "Makers of car parks"},
		words.Text{ZH: "长连接、HTTP 接口、道闸、优惠券", EN: "The line, HTTP, gates, coupons"},
		[]string{"docs/lots/README", "docs/lots/sdk", "docs/lots/api", "docs/lots/gate", "docs/targets",
			"docs/add-a-target"}},
	{words.Text{ZH: "运维", EN: "Operators"}, words.Text{ZH: "安装、监控、升级、备份", EN: "Install, watch, upgrade, back up"},
		[]string{"docs/operating", "docs/webhooks", "docs/upgrading", "docs/security",
			"docs/reliability", "docs/performance", "CHANGELOG"}},
	{words.Text{ZH: "参考", EN: "Reference"},
		words.Text{ZH: "全部字段、设置、命令、接口", EN: "Every field, setting, command and operation"},
		[]string{"docs/estate", "docs/config", "docs/commands", "docs/api", "ARCHITECTURE"}},
}

// shelves are the pages by reader, with their titles in the book's language.
func (b *book) shelves() []shelf {
	all := make([]shelf, len(readers))
	for i, r := range readers {
		all[i] = shelf{Name: r.name.In(b.lang), About: r.about.In(b.lang)}
		for _, name := range r.pages {
			if p := b.pages[name]; p != nil {
				all[i].Pages = append(all[i].Pages, entry{name, p.title, b.address(p)})
			}
		}
	}
	return all
}

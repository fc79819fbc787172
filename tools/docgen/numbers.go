package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// numbersFile is what the test of the players' numbers has read, a line each.
const numbersFile = "play/testdata/numbers.tsv"

// numberKinds are the kinds of numbers in the order of the table, with what each is in Chinese.
var numberKinds = [][2]string{{"fee, yuan", "费用（元）"}, {"fee, fen", "费用（分）"}, {"energy, kWh", "电量（度）"},
	{"asked, minutes", "减免（分钟）"}, {"asked, seconds", "减免（秒）"}, {"asked, yuan", "减免（元）"}, {"asked, fen", "减免（分）"}}

// numberTable is what was read, by kind, written form and family.
type numberTable struct {
	read  map[[3]string]string
	forms map[string][]string // by kind, in their order
	by    map[string][]string // families by kind
}

func readNumbers() (*numberTable, error) {
	text, err := os.ReadFile(numbersFile)
	if err != nil {
		return nil, err
	}
	t := &numberTable{read: map[[3]string]string{}, forms: map[string][]string{}, by: map[string][]string{}}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != 4 {
			return nil, fmt.Errorf("%s: line %d has %d cells", numbersFile, i+2, len(cells))
		}
		kind, family, written := cells[0], cells[1], cells[2]
		t.read[[3]string{kind, written, family}] = cells[3]
		if !slices.Contains(t.forms[kind], written) {
			t.forms[kind] = append(t.forms[kind], written)
		}
		if !slices.Contains(t.by[kind], family) {
			t.by[kind] = append(t.by[kind], family)
		}
	}
	return t, nil
}

// cell is what the families read of a form, once where they agree.
func (t *numberTable) cell(kind, written string) string {
	var says []string
	same := true
	for _, family := range t.by[kind] {
		said, pushed := t.read[[3]string{kind, written, family}]
		if !pushed {
			continue
		}
		read := shortRead(said)
		same = same && (len(says) == 0 || strings.HasSuffix(says[0], ": "+read))
		says = append(says, family+": "+read)
	}
	if len(says) == 0 {
		return ""
	}
	if same {
		_, read, _ := strings.Cut(says[0], ": ")
		return read
	}
	return strings.Join(says, "<br>")
}

// shortRead writes what was read with signs.
func shortRead(read string) string {
	return strings.NewReplacer("none", "–", ", warned", " ⚠", ", refused as pushed", " ✗").Replace(read)
}

// numbersPage prints docs/numbers.md: how numbers and times are read, by the way in which they are written.
func numbersPage(out files) error {
	t, err := readNumbers()
	if err != nil {
		return err
	}
	p := newPage("数字与时间的写法 · How numbers and times are written", numbersFile)
	p.para("同一个数，平台有很多种写法。下表是每种写法读成什么：测试按每个类别真实加密、签名后推送得到。",
		"Senders write one number in many ways. This is what each is read as; a test pushes them, sealed, to each family.")
	p.list("⚠ 推送照常接收，推送记录里写明截断或忽略了什么。 The push is taken; it says what was cut or left out.",
		"– 没有数值：没有写，或读不懂而忽略。 No value: none was written, or it was left out.",
		"✗ 只有按推送减免（`as_pushed`）的规则会因此拒绝整条推送：减免本身不能猜。 "+
			"Only a rule that grants as pushed refuses the push for it: a reduction is never guessed.")
	p.para("费用和电量只是说明，从不导致拒绝；费用多出的小数直接截去。减免时长不足一分钟按一分钟算，减免金额不足一分不能减免。",
		"Fees and energy only describe and refuse nothing; decimals past the fen are cut. "+
			"A started minute of a reduction counts; parts of a fen of one cannot be granted.")
	p.section("数字 · Numbers")
	head := []string{"JSON"}
	for _, kind := range numberKinds {
		head = append(head, kind[1]+"<br>"+kind[0])
	}
	var rows [][]string
	for _, written := range t.forms[numberKinds[0][0]] {
		row := []string{mono("", written)}
		for _, kind := range numberKinds {
			row = append(row, t.cell(kind[0], written))
		}
		rows = append(rows, row)
	}
	p.table(head, rows)
	p.section("时间 · Times")
	p.para("没有时区的时间是北京时间。规则不用时间时，读不懂的时间只是忽略。",
		"A time without a zone is Asia/Shanghai. One that cannot be read is left out, unless the rule needs it.")
	rows = nil
	for _, written := range t.forms["start"] {
		rows = append(rows, []string{mono("", written), t.cell("start", written)})
	}
	p.table([]string{"JSON", "读作 Read as"}, rows)
	out["numbers.md"] = p.Bytes()
	return nil
}

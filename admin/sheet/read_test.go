package sheet

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Files come as back offices and spreadsheets write them.
func TestReadCSV(t *testing.T) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().String("订单号,车牌\n1,京A12345\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ file, want string }{
		"mark":                 {"\uFEFF订单号,车牌\r\n1,京A12345\r\n", "[[订单号 车牌] [1 京A12345]]"},
		"GBK":                  {gbk, "[[订单号 车牌] [1 京A12345]]"},
		"GBK of two provinces": {"order,plate\n1,\xc2\xb3A12345\n", "[[order plate] [1 鲁A12345]]"},
		"semicolons":           {"订单号;减免金额\n1;5,00\n", "[[订单号 减免金额] [1 5,00]]"},
		"tabs":                 {"订单号\t车牌\n1\t京A12345\n", "[[订单号 车牌] [1 京A12345]]"},
		"guarded": {"订单号,车牌\n=\"20240101\",\"\t京A12345\"\n'20240102,`京A12346\n",
			"[[订单号 车牌] [20240101 京A12345] [20240102 京A12346]]"},
		"quoted comma":   {"订单号,站点\n1,\"东站,北口\"\n", "[[订单号 站点] [1 东站,北口]]"},
		"blank rows":     {"订单号,车牌\n,\n\n1,京A12345\n", "[[订单号 车牌] [1 京A12345]]"},
		"ragged":         {"订单号,车牌\n1\n", "[[订单号 车牌] [1]]"},
		"one column":     {"订单号\n1\n", "[[订单号] [1]]"},
		"nothing at all": {"", "[]"},
	} {
		rows, err := ReadCSV([]byte(test.file), 10)
		if got := fmt.Sprint(rows); err != nil || got != test.want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, test.want)
		}
	}
}

// What is no CSV says what it is.
func TestReadCSVRefuses(t *testing.T) {
	for file, want := range map[string]error{
		"PK\x03\x04workbook":              ErrWorkbook,
		"\xD0\xCF\x11\xE0\xA1\xB1old":     ErrWorkbook,
		"a,b\x00c":                        ErrText,
		"\xff\xff\xff\xff":                ErrText,
		strings.Repeat("1,京A12345\n", 11): ErrRows,
	} {
		if rows, err := ReadCSV([]byte(file), 10); !errors.Is(err, want) {
			t.Errorf("%.12q: %v, %v; want %v", file, rows, err, want)
		}
	}
}

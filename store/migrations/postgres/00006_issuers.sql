-- An order number is unique within who issued it: the lot whose key signed (linghu), the vendor (xiaowei), else the
-- account. An issuer that is not known, because retention took its charge or the platform is an operator's own, is ''.

-- +goose Up
CREATE TABLE repeat_new (
    platform TEXT COLLATE "C" NOT NULL,
    key      TEXT COLLATE "C" NOT NULL,
    issuer   TEXT COLLATE "C" NOT NULL,
    charge   BIGINT NOT NULL,
    gone     TEXT COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (platform, key, issuer)
);
INSERT INTO repeat_new (platform, key, issuer, charge, gone)
SELECT platform, key, coalesce(CASE
    WHEN platform = 'linghu' THEN lot
    WHEN platform = 'xiaowei' THEN split_part(lot, '/', 1)
    WHEN platform IN ('xiaoju', 'xingxing', 'telaidian', 'wanchong', 'zhongdianlian', 'yunkuaichong', 'zhichong', 'aotexun',
        'dakeyun', 'yonglian', 'guowang-jinan', 'echongwang') THEN account
    END, ''), charge, gone
FROM (SELECT r.platform, r.key, r.charge, r.gone, c.account,
        CASE WHEN r.gone = '' THEN c.lot ELSE CAST(r.gone AS json) ->> 'Lot' END AS lot
    FROM repeat r LEFT JOIN charge c ON c.id = r.charge) k;
-- Every key is there again, or nothing is changed.
CREATE TABLE repeat_count (same BOOLEAN NOT NULL CHECK (same));
INSERT INTO repeat_count SELECT (SELECT count(*) FROM repeat_new) = (SELECT count(*) FROM repeat);
DROP TABLE repeat_count;
DROP TABLE repeat;
ALTER TABLE repeat_new RENAME TO repeat;
ALTER INDEX repeat_new_pkey RENAME TO repeat_pkey;

-- An account that has taken a push without order and times goes on taking such.
UPDATE doc SET body = convert_to(CAST(jsonb_set(CAST(convert_from(body, 'UTF8') AS jsonb), '{undated}', '"once_a_stay"') AS text), 'UTF8')
WHERE kind = 'estate' AND key IN (SELECT 'account/' || account FROM charge
    WHERE order_no = '' AND (repeat_key LIKE 'visit|%' OR repeat_key LIKE '%|' || id));

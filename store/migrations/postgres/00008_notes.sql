-- Sentences that earlier releases stored in English become the codes that package words has texts for. What holds
-- a value that varies stays as it was and is shown as an old record. The ledger is append-only: its few words are read
-- as codes instead.

-- +goose Up
UPDATE attempt SET detail = CASE detail
    WHEN 'pending in the ledger; taken off at exit' THEN '#delivery.posted'
    WHEN 'the lot has no line; it is sent at its next login' THEN '#delivery.no_line'
    WHEN 'no line' THEN '#delivery.line_gone'
    WHEN 'the same message is under way to the lot' THEN '#delivery.under_way'
    WHEN 'the line is full or closed' THEN '#delivery.line_full'
    WHEN 'the line closed before the answer' THEN '#delivery.line_closed'
    WHEN 'no answer in time' THEN '#delivery.no_answer'
    WHEN 'the node that had it stopped before it could say what came of it' THEN '#delivery.node_stopped'
    WHEN 'state 1' THEN '#answer.state state=text:1'
    WHEN 'state 0' THEN '#answer.state state=text:0'
    WHEN 'no state' THEN '#answer.no_state'
    WHEN 'the connection broke before the answer' THEN '#outbound.broken'
    WHEN 'the answer is too long' THEN '#outbound.too_long'
    WHEN 'the answer is not HTTP' THEN '#outbound.not_http'
    END
WHERE detail IN (
    'pending in the ledger; taken off at exit',
    'the lot has no line; it is sent at its next login',
    'no line',
    'the same message is under way to the lot',
    'the line is full or closed',
    'the line closed before the answer',
    'no answer in time',
    'the node that had it stopped before it could say what came of it',
    'state 1',
    'state 0',
    'no state',
    'the connection broke before the answer',
    'the answer is too long',
    'the answer is not HTTP');

UPDATE event SET detail = CASE detail
    WHEN 'the order came again with other content after it was decided; the first content stays' THEN '#repeat.first_stays'
    WHEN 'the order came again with other content before anything was sent; the newer content counts' THEN '#repeat.newer_wins'
    WHEN 'the platform took the report' THEN '#report.taken'
    WHEN 'nothing to report any more, or the account has no report address' THEN '#report.nothing'
    WHEN 'the platform takes no reports' THEN '#report.not_taken'
    WHEN 'the platform refuses its own token' THEN '#report.token_refused'
    END
WHERE detail IN (
    'the order came again with other content after it was decided; the first content stays',
    'the order came again with other content before anything was sent; the newer content counts',
    'the platform took the report',
    'nothing to report any more, or the account has no report address',
    'the platform takes no reports',
    'the platform refuses its own token');

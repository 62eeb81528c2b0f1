/* The change of account numbers in pages. */
#include <string.h>

#include "torture.h"

#include "mallory/rewrite.h"

static void rewritten(const char *page, const char *want, unsigned changed, const char *before)
{
	struct buf b;
	struct rewrite_report r;
	buf_init(&b, 4096);
	assert_int_equal(buf_text(&b, page), ERR_OK);
	assert_int_equal(rewrite_page(&b, 0, &r), ERR_OK);
	assert_int_equal(r.changed, changed);
	assert_string_equal(r.before, before);
	assert_int_equal(b.len, strlen(want));
	assert_memory_equal(b.data, want, b.len);
	buf_release(&b);
}

static void rewrite_number_after_account_is_replaced(void **state)
{
	(void)state;
	rewritten("<p>Pay to account <b>12-3456-7890</b></p>", "<p>Pay to account <b>" MALLORY_ACCOUNT "</b></p>", 1,
	    "12-3456-7890");
	rewritten(
	    "Account: EX42 1000 2000 3000 Alice", "Account: " MALLORY_ACCOUNT " Alice", 1, "EX42 1000 2000 3000");
	rewritten("account=123456", "account=" MALLORY_ACCOUNT, 1, "123456");
}

static void rewrite_every_number_is_replaced(void **state)
{
	(void)state;
	rewritten("account 111111, account 222222.", "account " MALLORY_ACCOUNT ", account " MALLORY_ACCOUNT ".", 2,
	    "111111");
}

static void rewrite_other_numbers_stay(void **state)
{
	(void)state;
	static const char *const pages[] = {"", "account", "account 12345", "balance 1234567",
	    "account balance 1234567.00", "account colour #123456 and x123456 and 123456x",
	    "the account of Alice, who has 42"};
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
		rewritten(pages[i], pages[i], 0, "");
}

static void rewrite_number_out_of_reach_stays(void **state)
{
	(void)state;
	char page[400] = "account";
	memset(page + strlen("account"), ' ', 250);
	strcpy(page + strlen("account") + 250, "12345678");
	rewritten(page, page, 0, "");
}

static void rewrite_page_over_its_limit_fails(void **state)
{
	(void)state;
	struct buf b;
	struct rewrite_report r;
	buf_init(&b, 14);
	assert_int_equal(buf_text(&b, "account 123456"), ERR_OK);
	assert_int_equal(rewrite_page(&b, 0, &r), ERR_TOO_LONG);
	buf_release(&b);
}

static void buf_append_over_its_limit_changes_nothing(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 4);
	assert_int_equal(buf_text(&b, "abc"), ERR_OK);
	assert_int_equal(buf_text(&b, "de"), ERR_TOO_LONG);
	assert_int_equal(b.len, 3);
	assert_int_equal(buf_replace(&b, 2, 2, "", 0), ERR_INTERNAL);
	buf_consume(&b, 2);
	assert_int_equal(b.len, 1);
	assert_int_equal(b.data[0], 'c');
	assert_int_equal(b.data[1], 0); /* wiped */
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rewrite_number_after_account_is_replaced),
	    cmocka_unit_test(rewrite_every_number_is_replaced),
	    cmocka_unit_test(rewrite_other_numbers_stay),
	    cmocka_unit_test(rewrite_number_out_of_reach_stays),
	    cmocka_unit_test(rewrite_page_over_its_limit_fails),
	    cmocka_unit_test(buf_append_over_its_limit_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

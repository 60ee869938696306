"""The page that describes the API: it works under the site's strict policy and loads nothing from elsewhere."""


def test_docs_list_every_call_and_try_one_out(open_page, watch):
    page = open_page("/docs", None)
    page.locator(".opblock").nth(7).wait_for()
    page.get_by_text("/predict/by-features").click()
    page.get_by_role("button", name="Try it out").click()
    watch.expect("status of 401")
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table .response-col_status", has_text="401").wait_for()

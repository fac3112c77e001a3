import { flushSync, mount, unmount } from 'svelte';
import { describe, expect, it } from 'vitest';
import SkipLink from './SkipLink.svelte';

describe('the skip link', () => {
  it("moves the focus to the content and keeps the address's fragment, which may be an invitation", async () => {
    const content = document.createElement('main');
    content.id = 'main';
    content.tabIndex = -1;
    document.body.append(content);
    history.replaceState(history.state, '', '#an-invitation');
    const link = mount(SkipLink, { target: document.body });
    flushSync();

    document.querySelector<HTMLAnchorElement>('a[href="#main"]')?.click();

    expect(document.activeElement).toBe(content);
    expect(location.hash).toBe('#an-invitation');
    await unmount(link);
    content.remove();
    history.replaceState(history.state, '', ' ');
  });
});

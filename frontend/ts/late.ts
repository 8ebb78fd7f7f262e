// Stylesheets that waited for the first paint (font faces).
for (const link of document.querySelectorAll<HTMLLinkElement>('link[data-late]')) link.media = 'all';

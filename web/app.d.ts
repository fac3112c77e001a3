/** True in the build that the end-to-end tests drive, false in the product; replaced at build (vite.config.ts). */
declare const __CHORALE_TEST_BUILD__: boolean;
